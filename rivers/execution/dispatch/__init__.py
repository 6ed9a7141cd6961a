"""One loop over steps beside each other, and the lanes that execute them."""
