"""State and rules of the pretend tenant, one module per area of Microsoft Graph; nothing here knows HTTP."""
