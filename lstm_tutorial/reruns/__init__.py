"""How to run the chapters again, with other parameters and your own data."""
