"""What runs in the background: who calls the verbs again and again, and how often."""
