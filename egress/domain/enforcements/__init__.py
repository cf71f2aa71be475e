"""How the grants of each enforcement become objects: `objects(cluster, inventory, accesses)`."""
