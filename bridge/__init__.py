"""The bridge: each journal of the group, copied record by record to where more than one machine
keeps it."""
