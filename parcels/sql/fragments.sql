-- The parcels in scope as known now, large ones cut, so that no single overlay is large: what `measure` measures.
-- With an index on them the pieces of zones, port and deductions look for their parcels, each prepared once for all of them.
INSERT INTO fragment (id, land, key, valid, plane, area_m2, area_basis, district, geom)
SELECT row_number() OVER (), p.id, p.key, p.valid, ST_Area(p.geom), p.area_m2, p.area_basis, p.district, f.geom
FROM parcel p
CROSS JOIN LATERAL (
    SELECT p.geom WHERE ST_NPoints(p.geom) <= 256
    UNION ALL
    SELECT s.geom FROM ST_Subdivide(p.geom, 128) AS s(geom) WHERE ST_NPoints(p.geom) > 256
) f
WHERE upper_inf(p.known) AND p.key IN (SELECT key FROM scope)
