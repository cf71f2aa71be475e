"""What an operator lays down once per cluster, rendered (istio.md 3.3, 5.1, 7, 9)."""
