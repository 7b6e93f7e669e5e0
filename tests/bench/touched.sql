-- The parcels that workplace land touches, by a first look at the boxes.
CREATE TEMP TABLE beside_work ON COMMIT DROP AS
SELECT p.key, p.area_m2, ST_Area(p.geom) AS plane, p.geom
FROM bare.parcel p
WHERE p.key IN (
    SELECT q.key FROM bare.zone z JOIN bare.parcel q ON q.geom && z.geom WHERE z.designation = ANY (:workplace)
)
