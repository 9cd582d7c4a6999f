"""Three sides of a record made one, field by field."""
