"""The words of the field, one meaning each: on screen, on paper, on the command line, in tables and in code."""

from __future__ import annotations

from typing import Final

GLOSSARY: Final = (
    ("tenant", "the Entra and Intune organisation; the **sandbox** is a pretend one"),
    ("person", "the user who gets the device, named by the user principal name (UPN)"),
    ("operator", "who acts: technician, lead, approver, auditor or admin; never anonymous"),
    ("device", "a Windows PC known to Autopilot, or an Apple device known to ABM; its serial number names it"),
    ("profile", "a file that says how one kind of journey goes: pass terms, slip, milestones needed, guard rails"),
    ("journey", "one device on its way to one person, or one person's recovery: open, or closed with the reason"),
    ("kit", "a person's open journeys; they share one pass"),
    (
        "strong method",
        (
            "a Hello key, passkey, platform credential, Authenticator with phone sign-in or certificate; "
            "not push, SMS, OATH codes, mail or password"
        ),
    ),
    ("starter profile", "a profile for new people; it refuses somebody who already has a strong method"),
    ("site", "a named place with its time zone and languages"),
    ("milestone", "something seen to have happened, with its **evidence**; the **stage** shown is computed from them"),
    ("fact", "what Tapslip knows, with source and time; or **not checked**, with the reason"),
    ("finding", "what follows from a fact: ok, warning, blocker or not checked"),
    ("pass", "Microsoft's Temporary Access Pass; its **terms** are start, lifetime, one-time or multi-use"),
    ("code", "the secret of a pass, shown once"),
    ("slip", "the paper or PDF that is handed over; **live** while its code works, then **void**"),
    ("ticket", "a slip with no code: slip number and **claim secret**; the pass is minted when it is claimed"),
    (
        "second fact",
        "what a claim needs beside the paper: a technician who looks at a photo ID, a PIN, the manager's yes; and more",
    ),
    ("board", "the list of journeys in the browser"),
)
"""(word, meaning) in the order in which a newcomer meets them; the README repeats it."""
