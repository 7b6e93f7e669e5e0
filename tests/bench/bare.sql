-- The same land without history, ledger and rules: what a plain overlay works on. Everything indexed, the port subdivided.
DROP SCHEMA IF EXISTS bare CASCADE;
CREATE SCHEMA bare;
CREATE TABLE bare.parcel AS SELECT key, area_m2, district, geom FROM parcel WHERE upper_inf(known);
CREATE TABLE bare.zone AS SELECT designation, geom FROM zone WHERE upper_inf(known);
CREATE TABLE bare.port AS SELECT ST_Subdivide(geom, 128) AS geom FROM port_area WHERE upper_inf(known);
CREATE TABLE bare.deduction AS SELECT geom FROM deduction WHERE upper_inf(known);
ALTER TABLE bare.parcel ADD PRIMARY KEY (key);
CREATE INDEX ON bare.parcel USING gist (geom);
CREATE INDEX ON bare.zone USING gist (geom);
CREATE INDEX ON bare.port USING gist (geom);
CREATE INDEX ON bare.deduction USING gist (geom);
-- what counts, stored, with a summary that a trigger keeps in step
CREATE TABLE bare.net AS
    SELECT parcel_key AS key, coalesce(district, '') AS district, true AS available, sum(net_m2) AS net_m2
    FROM ledger WHERE upper_inf(known) AND upper_inf(valid) AND standing IN ('counted_free', 'counted_reserved')
    GROUP BY parcel_key, district;
ALTER TABLE bare.net ADD PRIMARY KEY (key, district);
CREATE TABLE bare.summary AS SELECT district, sum(net_m2) AS net_m2 FROM bare.net GROUP BY district;
ALTER TABLE bare.summary ADD PRIMARY KEY (district);
CREATE FUNCTION bare.keep_in_step() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE bare.summary SET net_m2 = net_m2 + CASE WHEN NEW.available THEN NEW.net_m2 ELSE 0 END
                                   - CASE WHEN OLD.available THEN OLD.net_m2 ELSE 0 END
    WHERE district = NEW.district;
    RETURN NULL;
END $$;
CREATE TRIGGER keep_in_step AFTER UPDATE ON bare.net FOR EACH ROW EXECUTE FUNCTION bare.keep_in_step();
ANALYZE bare.parcel, bare.zone, bare.port, bare.deduction, bare.net, bare.summary
