"""A Glue job that fails."""

print("so far, so good")
raise ValueError("the 13th row is broken")
