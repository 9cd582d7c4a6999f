"""The index: the records of a kind column by column, kept in blocks that outlive the commit; disposable."""
