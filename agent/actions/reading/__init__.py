"""The reads behind the facts, one module per topic: of the tenant, of people, of devices.

What is asked in which wait, so that a person costs at most three in a row after the tenant part:

    wait 1   people by name                          devices by serial
    wait 2   people by object id: `people`           what the record of a device names
    wait 3   what the answers of wait 2 name         what those name

`people` of a topic begins in wait 2 and may wait twice; `devices` begins in wait 1 and may wait three times. Side by
side they cost nothing: whatever a topic asks in one wait, it asks at once (`Calls.many`, which makes batches of it).
"""
