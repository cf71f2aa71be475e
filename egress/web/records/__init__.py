"""What the record pages say about grants and clusters, in words and rows."""
