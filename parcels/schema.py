"""All tables of the service at once: what migrations are checked against, and what a backup must hold."""

from parcels import (
    alert_tables,
    conversion_tables,
    guidance_tables,
    models,
    plan_tables,
    replacement_tables,
    run_tables,
    subscription_tables,
)
from parcels.model_base import Base

MODULES = (  # each declares its tables on Base
    *(models, plan_tables, run_tables, conversion_tables),
    *(guidance_tables, alert_tables, subscription_tables, replacement_tables),
)
METADATA = Base.metadata
