"""Who and what stands in the seeded tenant, by the words that situations use."""

from __future__ import annotations

LAPTOP, SECOND_LAPTOP = "windows-autopilot=PF4TH101", "windows-autopilot=PF4TH111"
IPHONE, SECOND_IPHONE = "ios-company-portal=H4TH301QLM", "ios-company-portal=H4TH302QLM"
IPAD = "ios-setup-assistant=DMTH401PWX"
RECOVERY = "account-recovery"
GUEST = "sofia.ribeiro_pallasfreight.example#EXT#@tallisharbour.example"
DESKTOP, HOME, RECOVERED = ("desktop",), ("home",), ("recovered",)
