"""Parcels are found by an R-tree (GiST) again: since an index is made after a first load, it is the cheaper one and the quicker."""

from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

INDEX = "CREATE INDEX ix_parcel_geom ON parcel USING {method} (geom) WHERE upper_inf(known)"


def upgrade() -> None:
    op.execute("DROP INDEX ix_parcel_geom")
    op.execute(INDEX.format(method="gist"))


def downgrade() -> None:
    op.execute("DROP INDEX ix_parcel_geom")
    op.execute(INDEX.format(method="spgist"))
