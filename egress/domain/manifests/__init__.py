"""The objects we write, a module per kind (istio.md 2). Data in, data out; never templates."""

NETWORKING_V1 = "networking.istio.io/v1"
