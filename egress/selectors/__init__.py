"""Reading: what people may see, and what the policies and pages need to know."""
