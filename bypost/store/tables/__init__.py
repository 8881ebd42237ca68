"""All tables of a database as streams of plain rows, to be carried into another database."""
