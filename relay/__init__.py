"""The bus over hosts: what connects a far host's processes to the group's."""
