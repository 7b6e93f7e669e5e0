-- Parcels of which a line becomes disposed of on a seam, with all that follow or precede them on that very day, hop by hop.
WITH RECURSIVE kin AS (
    SELECT DISTINCT lower(valid) AS seam, parcel_key AS member, parcel_key AS via
    FROM ledger
    WHERE known @> CAST(:known_at AS timestamptz) AND lower(valid) > :since AND lower(valid) <= :until
          AND :disposed = ANY (not_met)
    UNION
    SELECT k.seam, CASE WHEN l.predecessor = k.member THEN l.successor ELSE l.predecessor END, k.member
    FROM kin k JOIN lineage l ON k.member IN (l.predecessor, l.successor)
    WHERE l.changed_on = k.seam AND l.known @> CAST(:known_at AS timestamptz)
)
SELECT seam, member, via FROM kin ORDER BY seam, member, via
