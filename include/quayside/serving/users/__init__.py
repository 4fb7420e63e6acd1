"""Users: who may see what. A table of records decides; Cognito, which knows passwords, is made to follow it."""
