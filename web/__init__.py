"""The web console: a desk in the browser, which shows a group and can stop it."""
