"""What every product's manifest begins with, and the schema of a shard's rows."""

from collections.abc import Sequence

import pyarrow as pa

# `status` is "ok" for what stands in a shard; else `reason` is a short word for tables.
COMMON_COLUMNS = [
    pa.field("key", pa.string(), nullable=False),
    pa.field("status", pa.string(), nullable=False),
    pa.field("reason", pa.string(), nullable=False),
    pa.field("detail", pa.string(), nullable=False),
    pa.field("offset", pa.int64(), nullable=False),
    pa.field("size", pa.int64(), nullable=False),
]


def row_schema(columns: Sequence[pa.Field]) -> pa.Schema:
    """Schema of one shard's rows: the common columns, then the product's own."""
    return pa.schema([*COMMON_COLUMNS, *columns])
