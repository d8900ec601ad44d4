"""One folder per product, the same three files in each.

state.py says what there is, actions.py has one function per API action, rules.py says what is refused and where
that is documented.
"""
