"""What is known of each topic beyond the first questions: per topic a part of the tenant, of a person, of a device.

Every field of a part is a fact that stands at `facts.NOT_READ` until it is read, so that nothing is green by default.
"""
