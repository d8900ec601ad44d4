"""One folder per product, the same three files in each: state.py (what there is), actions.py (one function
per API action), rules.py (what is refused, and where that is documented)."""
