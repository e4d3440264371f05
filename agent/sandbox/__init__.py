"""A pretend tenant: Entra, Intune, Apple enrolment, the people and their devices, behind Microsoft's own HTTP.

Imports nothing of Tapslip, so that both sides can only agree through HTTP. A tenant is an object made of a
clock and a seed; many can live in one process. What it does not know it refuses, loudly, with 501.
"""
