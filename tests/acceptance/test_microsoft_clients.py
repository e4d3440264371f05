"""Microsoft's own clients, unmodified, over HTTPS against a sandbox that is served as `tapslip sandbox` serves it."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from tests.acceptance.served_sandbox import Sandbox

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")  # theirs, while they are imported
SCOPE = "https://graph.microsoft.com/.default"


@pytest.fixture(scope="session")
def graph() -> Any:
    """`msgraph`; its parts are imported as they are used, which takes seconds once."""
    import msgraph

    return msgraph


@pytest.fixture(scope="session")
def beta() -> Any:
    """`msgraph_beta`, likewise."""
    import msgraph_beta

    return msgraph_beta


def ask(sandbox: Sandbox, sdk: Any, question: Callable[[Any], Awaitable[Any]]) -> Any:
    """Ask one of the two SDKs something; all it is told is address, certificate and credential."""

    async def asked() -> Any:
        import httpx
        from azure.identity.aio import ClientSecretCredential
        from kiota_authentication_azure.azure_identity_authentication_provider import (
            AzureIdentityAuthenticationProvider,
        )

        version = "beta" if sdk.__name__ == "msgraph_beta" else "v1.0"
        credential = ClientSecretCredential(
            sandbox.ready["tenant_id"],
            sandbox.ready["client_id"],
            sandbox.ready["client_secret"],
            authority=sandbox.origin,
            disable_instance_discovery=True,
            connection_verify=sandbox.ca_file,
        )
        proof = AzureIdentityAuthenticationProvider(credential, scopes=[SCOPE], allowed_hosts=["localhost"])
        trust = ssl.create_default_context(cafile=sandbox.ca_file)
        async with credential, httpx.AsyncClient(verify=trust, http2=False) as line:
            adapter = sdk.GraphRequestAdapter(proof, client=line)
            adapter.base_url = f"{sandbox.origin}/{version}"
            return await question(sdk.GraphServiceClient(request_adapter=adapter))

    return asyncio.run(asked())


def test_msgraph_sdk_makes_lists_gets_and_deletes_a_pass(sandbox: Sandbox, graph: Any) -> None:
    from msgraph.generated.models.temporary_access_pass_authentication_method import (
        TemporaryAccessPassAuthenticationMethod,
    )

    async def story(client: Any) -> Any:
        passes = client.users.by_user_id(sandbox.person("mara.quist")).authentication.temporary_access_pass_methods
        terms = TemporaryAccessPassAuthenticationMethod(lifetime_in_minutes=60, is_usable_once=False)
        made = await passes.post(terms)
        listed = (await passes.get()).value
        single = passes.by_temporary_access_pass_authentication_method_id(made.id)
        got = await single.get()
        await single.delete()
        return made, listed, got, (await passes.get()).value

    made, listed, got, left = ask(sandbox, graph, story)
    assert len(made.temporary_access_pass) == 8
    assert [(row.id, row.temporary_access_pass) for row in listed] == [(made.id, None)]
    assert (got.is_usable, got.method_usability_reason) == (True, "EnabledByPolicy")
    assert left == []


def test_msgraph_sdk_tells_a_refusal_by_its_code_and_message(sandbox: Sandbox, graph: Any) -> None:
    from msgraph.generated.models.o_data_errors.o_data_error import ODataError
    from msgraph.generated.models.temporary_access_pass_authentication_method import (
        TemporaryAccessPassAuthenticationMethod,
    )

    async def too_long(client: Any) -> Any:
        passes = client.users.by_user_id(sandbox.person("mara.quist")).authentication.temporary_access_pass_methods
        await passes.post(TemporaryAccessPassAuthenticationMethod(lifetime_in_minutes=9999))

    with pytest.raises(ODataError) as refused:
        ask(sandbox, graph, too_long)
    assert refused.value.response_status_code == 400
    assert refused.value.error is not None
    assert "The valid range between 60 and 480." in str(refused.value.error.message)


def test_msgraph_sdk_reads_policy_methods_devices_and_sign_ins(sandbox: Sandbox, graph: Any) -> None:
    async def reads(client: Any) -> Any:
        configurations = client.policies.authentication_methods_policy.authentication_method_configurations
        policy = await configurations.by_authentication_method_configuration_id("TemporaryAccessPass").get()
        person = client.users.by_user_id(sandbox.person("helen.strand"))
        methods = await person.authentication.methods.get()
        autopilot = await client.device_management.windows_autopilot_device_identities.get()
        managed = await client.device_management.managed_devices.get()
        return policy, methods.value, autopilot.value, managed.value, await client.audit_logs.sign_ins.get()

    policy, methods, autopilot, managed, sign_ins = ask(sandbox, graph, reads)
    assert type(policy).__name__ == "TemporaryAccessPassAuthenticationMethodConfiguration"
    assert (policy.minimum_lifetime_in_minutes, policy.maximum_lifetime_in_minutes) == (60, 480)
    assert "WindowsHelloForBusinessAuthenticationMethod" in {type(method).__name__ for method in methods}
    assert "PF4TH105" in {device.serial_number for device in autopilot}
    assert "PF4TH105" in {device.serial_number for device in managed}
    assert sign_ins.value is not None


def test_msgraph_beta_sdk_reads_apple_tokens_devices_and_sign_in_details(sandbox: Sandbox, beta: Any) -> None:
    async def reads(client: Any) -> Any:
        tokens = await client.device_management.dep_onboarding_settings.get()
        token = client.device_management.dep_onboarding_settings.by_dep_onboarding_setting_id(tokens.value[0].id)
        devices = await token.imported_apple_device_identities.get()
        profiles = await token.enrollment_profiles.get()
        return tokens.value, devices.value, profiles.value, await client.audit_logs.sign_ins.get()

    tokens, devices, profiles, sign_ins = ask(sandbox, beta, reads)
    assert tokens[0].token_name == "Tallis Harbour ABM"
    assert "H4TH306QLM" in {device.serial_number for device in devices}
    assert "iPhone with Company Portal" in {profile.display_name for profile in profiles}
    assert sign_ins.value is not None


def test_msgraph_beta_sdk_makes_and_deletes_a_pass(sandbox: Sandbox, beta: Any) -> None:
    from msgraph_beta.generated.models.temporary_access_pass_authentication_method import (
        TemporaryAccessPassAuthenticationMethod,
    )

    async def story(client: Any) -> Any:
        passes = client.users.by_user_id(sandbox.person("yuki.tanabe")).authentication.temporary_access_pass_methods
        made = await passes.post(TemporaryAccessPassAuthenticationMethod(is_usable_once=True))
        await passes.by_temporary_access_pass_authentication_method_id(made.id).delete()
        return made, (await passes.get()).value

    made, left = ask(sandbox, beta, story)
    assert made.temporary_access_pass
    assert left == []
