"""`python -m parcels.demo` writes the demo register's files anew."""

from parcels.demo import FOLDER, generate

generate(FOLDER)
