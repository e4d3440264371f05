"""The bars of the house, kept by reading the source: sizes, words, layers of time and chance, secrets, files.

Each failure names file and line and says what to do. The import rules are import-linter's, in pyproject.toml.
"""

from __future__ import annotations

import ast
import itertools
import re
import statistics
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).resolve().parent.parent

FUNCTION_MEDIAN, FUNCTION_P95, FUNCTION_MAX = 10, 40, 60
TEST_MEDIAN, TEST_P95 = 12, 30
FILE_MAX, TEST_FILE_MAX = 400, 500
PARAMETERS_MAX = 5
MOCK_WORDS_PER_1000_LINES = 5

TOP_LEVEL = {
    *("agent", "provisioning_profiles", "tests", "scripts", "pyproject.toml", "README.md"),
    *("LICENSE", "CHANGELOG.md", "requirements.lock", "requirements-test.lock", "Dockerfile"),
}
FORBIDDEN_NAMES = {"util", "utils", "helper", "helpers", "common", "manager", "managers", "data", "info"}

Function = ast.FunctionDef | ast.AsyncFunctionDef


class Module(NamedTuple):
    """One parsed source file; ``name`` is its path from the root, with slashes."""

    name: str
    lines: list[str]
    tree: ast.Module

    def at(self, node: ast.AST) -> str:
        """``file:line`` of a node, as editors understand it."""
        return f"{self.name}:{getattr(node, 'lineno', 1)}"

    def functions(self) -> Iterator[Function]:
        """Every function and method, nested ones too."""
        return (node for node in ast.walk(self.tree) if isinstance(node, Function))


@cache
def modules(*folders: str) -> list[Module]:
    """The Python files of these top-level folders."""
    paths = sorted(path for folder in folders for path in (ROOT / folder).rglob("*.py"))
    return [
        Module(path.relative_to(ROOT).as_posix(), text.splitlines(), ast.parse(text, filename=str(path)))
        for path in paths
        for text in [path.read_text(encoding="utf-8")]
    ]


@cache
def tracked() -> list[str]:
    """What git holds or would add, as paths from the root."""
    listed = subprocess.run(
        [  # noqa: S607 -- whichever git the developer uses
            "git",
            "ls-files",
            "-z",
            "--cached",
            "--others",
            "--exclude-standard",
        ],
        cwd=ROOT,
        check=False,
        capture_output=True,
        text=True,
    )
    if listed.returncode:
        pytest.skip("git does not know this folder, so what is tracked cannot be told")
    return sorted(name for name in set(listed.stdout.split("\0")) if name and (ROOT / name).is_file())


def expect_none(faults: list[str], advice: str) -> None:
    """Fail with every fault on a line of its own, and what to do about them."""
    assert not faults, advice + "\n  " + "\n  ".join(faults)


def length(function: Function) -> int:
    """Lines from ``def`` to the last, docstring included."""
    return (function.end_lineno or function.lineno) - function.lineno + 1


def percentile_95(lengths: list[int]) -> int:
    """The smallest length that at least 95 of 100 do not exceed."""
    return sorted(lengths)[-(-95 * len(lengths) // 100) - 1]


def test_no_function_is_longer_than_a_screen() -> None:
    faults = [
        f"{module.at(function)} {function.name} has {length(function)} lines"
        for module in modules("agent", "scripts", "tests")
        for function in module.functions()
        if length(function) > FUNCTION_MAX
    ]
    expect_none(faults, f"Split functions of more than {FUNCTION_MAX} lines by the steps they take:")


@pytest.mark.parametrize(
    ("folders", "median", "p95"),
    [(("agent", "scripts"), FUNCTION_MEDIAN, FUNCTION_P95), (("tests",), TEST_MEDIAN, TEST_P95)],
)
def test_most_functions_are_short(folders: tuple[str, ...], median: int, p95: int) -> None:
    sized = sorted(((length(f), f"{m.at(f)} {f.name}") for m in modules(*folders) for f in m.functions()), reverse=True)
    lengths = [size for size, _ in sized]
    longest = "\n  ".join(f"{where}: {size} lines" for size, where in sized[:15])
    assert statistics.median(lengths) <= median, f"Median over {median} lines. The longest:\n  {longest}"
    assert percentile_95(lengths) <= p95, f"95th percentile over {p95} lines. The longest:\n  {longest}"


def test_no_file_is_too_long() -> None:
    faults = [
        f"{module.name}:{bar + 1} {len(module.lines)} lines, {bar} are allowed"
        for module in modules("agent", "scripts", "tests")
        for bar in [TEST_FILE_MAX if module.name.startswith("tests/") else FILE_MAX]
        if len(module.lines) > bar and "/migrations/" not in module.name
    ]
    expect_none(faults, "Split these files, each module one thought:")


def parameters(function: Function) -> list[ast.arg]:
    """The parameters a caller fills; ``self`` and ``cls`` are not among them."""
    given = function.args
    named = [*given.posonlyargs, *given.args, *given.kwonlyargs]
    return named[1:] if named and named[0].arg in {"self", "cls"} else named


def test_no_function_takes_more_than_five_parameters() -> None:
    faults = [
        f"{module.at(function)} {function.name} takes {len(parameters(function))}"
        for module in modules("agent", "scripts", "tests")
        for function in module.functions()
        if len(parameters(function)) > PARAMETERS_MAX
    ]
    expect_none(faults, "Put what belongs together into one frozen dataclass:")


def test_every_module_says_why_it_exists() -> None:
    faults = [
        f"{m.name}:1 has no docstring"
        for m in modules("agent", "scripts", "tests")
        if m.lines and not ast.get_docstring(m.tree)
    ]
    expect_none(faults, "Open each module with one to six lines on why it exists:")


def test_every_function_declares_what_it_returns() -> None:
    faults = [
        f"{module.at(function)} {function.name}"
        for module in modules("agent", "scripts", "tests")
        for function in module.functions()
        if function.returns is None
    ]
    expect_none(faults, "Add the return type:")


def public_without_docstring(body: list[ast.stmt]) -> Iterator[ast.ClassDef | Function]:
    """Public classes, functions and methods that say nothing; overloads and setters speak through others."""
    for node in body:
        if not isinstance(node, ast.ClassDef | Function) or node.name.startswith("_"):
            continue
        spoken_for = {"overload", "setter", "override"} & {
            part for decorator in node.decorator_list for part in ast.unparse(decorator).split(".")
        }
        if not ast.get_docstring(node) and not spoken_for:
            yield node
        if isinstance(node, ast.ClassDef):
            yield from public_without_docstring(node.body)


def test_every_public_name_has_a_docstring() -> None:
    faults = [
        f"{module.at(node)} {node.name}"
        for module in modules("agent")
        for node in public_without_docstring(module.tree.body)
    ]
    expect_none(faults, "Say what it takes and gives, with units and errors, or make it private:")


def test_no_module_has_a_name_that_says_nothing() -> None:
    faults = [
        f"{module.name}:1"
        for module in modules("agent", "scripts", "tests")
        if FORBIDDEN_NAMES & {word for part in Path(module.name).parts for word in Path(part).stem.split("_")}
    ]
    expect_none(faults, "Name the module after what it knows or does:")


def imported_names(tree: ast.Module) -> dict[str, str]:
    """Local name -> dotted name of everything imported, wherever the import stands."""
    names: dict[str, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                names[alias.asname or alias.name.partition(".")[0]] = (
                    alias.name if alias.asname else alias.name.partition(".")[0]
                )
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            for alias in node.names:
                names[alias.asname or alias.name] = f"{node.module}.{alias.name}"
    return names


def uses(module: Module) -> Iterator[tuple[ast.expr, str]]:
    """Every use of something imported, with its full dotted name: ``dt.datetime.now`` and its like."""
    names = imported_names(module.tree)
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Attribute | ast.Name):
            first, dot, rest = ast.unparse(node).partition(".")
            if first in names:
                yield node, names[first] + dot + rest


CLOCK = re.compile(
    r"datetime\.(datetime\.(now|utcnow|today)|date\.today)|time\.(time|time_ns|localtime|gmtime|ctime)"
    r"|sqlalchemy\.(sql\.)?func\.(now|current_timestamp|current_date|random)"
)
CHANCE = re.compile(r"uuid\.uuid[14]|random\.(?!Random$)\w+|secrets\.(?!compare_digest$)\w+|os\.(urandom|getrandom)")
SLEEP = re.compile(r"time\.sleep")
COMPOSING = ("agent/wiring.py", "agent/cli/", "agent/__main__.py")


def bare_random(module: Module) -> Iterator[ast.expr]:
    """``random.Random()`` without a seed reads the system's chance; with one it is only arithmetic."""
    names = imported_names(module.tree)
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Call) and not node.args and not node.keywords:
            first, dot, rest = ast.unparse(node.func).partition(".")
            if names.get(first, "") + dot + rest == "random.Random":
                yield node


def test_nothing_reads_clock_or_chance_but_the_wiring() -> None:
    faults = []
    for module in modules("agent"):
        if module.name.startswith(COMPOSING):
            continue
        found = [(node, name) for node, name in uses(module) if CLOCK.fullmatch(name) or CHANCE.fullmatch(name)]
        found += [(node, "random.Random without a seed") for node in bare_random(module)]
        if not module.name.startswith("agent/jobs/"):
            found += [(node, name) for node, name in uses(module) if SLEEP.fullmatch(name)]
        faults += [f"{module.at(node)} {name}" for node, name in found]
    expect_none(faults, "Take a Clock or a Chance (agent/ports) as an argument instead:")


def test_only_the_settings_read_the_environment() -> None:
    reading = re.compile(r"os\.(environb?|getenvb?|putenv|unsetenv)")
    faults = [
        f"{module.at(node)} {name}"
        for module in modules("agent")
        if module.name != "agent/settings.py"
        for node, name in uses(module)
        if reading.fullmatch(name)
    ]
    faults += [
        f"{module.at(node.value)} {node.arg}"
        for module in modules("agent")
        for node in ast.walk(module.tree)
        if isinstance(node, ast.keyword) and node.arg in {"envvar", "auto_envvar_prefix"}
    ]
    expect_none(faults, "Add a setting to agent/settings.py and read that:")


def test_a_code_is_revealed_only_on_paper_on_the_page_and_on_the_terminal() -> None:
    calls = [
        module.at(node)
        for module in modules("agent")
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Attribute) and node.attr == "reveal"
    ]
    rooms = ("agent/slips/", "agent/web/", "agent/cli/")
    listed = "\n  ".join(calls)
    assert all(call.startswith(rooms) for call in calls), f"Reveal a code only in {rooms}:\n  {listed}"
    assert all(sum(call.startswith(room) for call in calls) <= 1 for room in rooms), (
        f"Each of {rooms} reveals a code in one place only; go through that one:\n  {listed}"
    )


@pytest.mark.parametrize(
    ("way", "rooms"),
    [("printed", ("agent/slips/",)), ("sealed_text", ("agent/actions/claim.py", "agent/actions/ticket.py"))],
)
def test_a_claim_secret_is_only_printed_or_sealed(way: str, rooms: tuple[str, ...]) -> None:
    calls = [
        module.at(node)
        for module in modules("agent")
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Attribute) and node.attr == way
    ]
    assert calls, f"nothing calls {way} any more"
    expect_none([call for call in calls if not call.startswith(rooms)], f"Only {', '.join(rooms)} may take it out:")


def test_tests_use_the_sandbox_and_not_stand_ins() -> None:
    words = re.compile(r"\b(?:Moc[k]|MagicMoc[k]|AsyncMoc[k]|moc[k]|moc[k]er|monkeypatc[h]|patc[h](?=\(|\.object))\b")
    found = [
        f"{module.name}:{number} {line.strip()}"
        for module in modules("tests")
        for number, line in enumerate(module.lines, 1)
        for _ in words.findall(line)
    ]
    lines = sum(len(module.lines) for module in modules("tests"))
    assert len(found) * 1000 <= MOCK_WORDS_PER_1000_LINES * lines, (
        "Reach the sandbox through the real client instead of these:\n  " + "\n  ".join(found)
    )


def requirements(lock: str) -> list[tuple[int, str]]:
    """The requirements of a lock file with their line numbers, continued lines joined."""
    text = (ROOT / lock).read_text(encoding="utf-8")
    starts = [match.start() for match in re.finditer(r"^\S", text, re.MULTILINE)] + [len(text)]
    return [
        (text.count("\n", 0, begin) + 1, text[begin:end])
        for begin, end in itertools.pairwise(starts)
        if text[begin] != "#"
    ]


@pytest.mark.parametrize("lock", ["requirements.lock", "requirements-test.lock"])
def test_a_lock_file_pins_by_hash_and_names_no_host(lock: str) -> None:
    pinned = re.compile(r"[\w.\-]+==\S+( ; [^\\\n]+)?( \\\n    --hash=sha256:[0-9a-f]{64})+\n?")
    faults = [
        f"{lock}:{line} {text.splitlines()[0]}" for line, text in requirements(lock) if not pinned.fullmatch(text)
    ]
    expect_none(faults, "Write each as name==version with its sha256 hashes, and no option, address or path:")


def test_the_test_lock_holds_the_run_lock() -> None:
    held = {text for _, text in requirements("requirements-test.lock")}
    faults = [
        f"requirements.lock:{line} {text.splitlines()[0]}"
        for line, text in requirements("requirements.lock")
        if text not in held
    ]
    expect_none(faults, "Lock both anew together; these are missing or different in requirements-test.lock:")


def test_every_foreign_package_is_in_the_one_list() -> None:
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"]
    known = {name for contract in contracts["contracts"] for name in contract.get("forbidden_modules", [])}
    faults = [
        f"{module.at(node)} {name}"
        for module in modules("agent")
        for node in ast.walk(module.tree)
        for name in imported_roots(node)
        if name not in known | sys.stdlib_module_names | {"agent", "_typeshed"}
    ]
    expect_none(faults, "Give the package its rooms in [tool.importlinter] of pyproject.toml:")


def imported_roots(node: ast.AST) -> list[str]:
    """The top-level packages an import statement names."""
    if isinstance(node, ast.Import):
        return [alias.name.partition(".")[0] for alias in node.names]
    if isinstance(node, ast.ImportFrom) and node.module and not node.level:
        return [node.module.partition(".")[0]]
    return []


def test_no_file_names_this_machine_or_a_registry() -> None:
    telling = re.compile(
        r"(?<![\w.\-])/(?:wor[k]|roo[t]|hom[e]/\w+|User[s]/\w+)/"
        r"|\b(?:pypi\.org|files\.pythonhosted\.org|registry\.npmjs\.org|deb\.debian\.org|index\.crates\.io)"
    )
    faults = []
    for name in tracked():
        content = (ROOT / name).read_bytes()
        if b"\0" in content:
            continue
        for number, line in enumerate(content.decode("utf-8", errors="replace").splitlines(), 1):
            faults += [f"{name}:{number} {match.group()}" for match in telling.finditer(line)]
    expect_none(faults, "Say it without the path of one machine or the address of a registry:")


def test_the_top_level_holds_only_what_the_layout_allows() -> None:
    tops = {name.partition("/")[0] for name in tracked()}
    faults = [f"{top}:1" for top in sorted(tops) if not top.startswith(".") and top not in TOP_LEVEL]
    expect_none(faults, "Move these into agent/, provisioning_profiles/, scripts/ or tests/:")


def test_every_sandbox_of_a_test_is_watched() -> None:
    makers = {("mount", "make"), ("hosting", "hosted")}
    faults = [
        f"{module.at(node)} {node.func.value.id}.{node.func.attr}"
        for module in modules("tests")
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and isinstance(node.func.value, ast.Name)
        if (node.func.value.id, node.func.attr) in makers and module.name != "tests/tenancies.py"
    ]
    expect_none(
        faults, "Make sandboxes by tests/tenancies.py, which holds each exchange against Microsoft's description:"
    )


def begun(node: ast.AST) -> Iterator[str]:
    """What starts a sandbox among words of a command, listed or given to what runs them; `sandbox device` does not."""
    if isinstance(node, ast.List | ast.Tuple):
        words = node.elts
    elif isinstance(node, ast.Call) and ast.unparse(node.func).rpartition(".")[2] in {"run", "main", "invoke", "Popen"}:
        words = node.args
    else:
        return
    said = [str(word.value) if isinstance(word, ast.Constant) else "" for word in words]
    for word, after in itertools.zip_longest(said, said[1:]):
        if word == "demo" or word.endswith("demo.py") or (word == "sandbox" and after not in {"device", "person"}):
            yield word


def test_every_program_of_a_test_that_has_a_sandbox_is_watched() -> None:
    faults = [
        f"{module.at(node)} {word}"
        for module in modules("tests")
        for node in ast.walk(module.tree)
        for word in begun(node)
        if module.name != "tests/tenancies.py"
    ]
    expect_none(faults, "Start it by tests/tenancies.py, which holds what it records against Microsoft's description:")
