-- Spreads stock's tables over the nodes of a Citus cluster, by location. Once, on the coordinator, in stock's database,
-- after `onhand migrate stock`: psql -v ON_ERROR_STOP=1 -f distribute.sql
--
-- tests/integration/stock/test_citus.py holds each line against the real schema: it fails for a table that is not
-- named here, for a key that lacks the column, and for a foreign key that would leave its node.

BEGIN;

-- Small, read with everything, written seldom: whole on every node.
SELECT create_reference_table('items');
SELECT create_reference_table('item_gtins');
SELECT create_reference_table('item_substitutes');
SELECT create_reference_table('locations');
SELECT create_reference_table('zones');
SELECT create_reference_table('read_points');
SELECT create_reference_table('postal_places');
SELECT create_reference_table('display_policies');
SELECT create_reference_table('stock_policies');
-- Heads of what may have lines at several locations, or are found by an id that does not say where. Their lines, which
-- are many more, are spread.
SELECT create_reference_table('reservations');
SELECT create_reference_table('counts');
SELECT create_reference_table('shipments');

-- Hot, and of one location each: the rows of a location lie on one node, those of all these tables on the same.
SELECT create_distributed_table('balances', 'location_id');
SELECT create_distributed_table('movements', 'location_id', colocate_with => 'balances');
SELECT create_distributed_table('opening_balances', 'location_id', colocate_with => 'balances');
SELECT create_distributed_table('archived_sums', 'location_id', colocate_with => 'balances');
SELECT create_distributed_table('tags', 'location_id', colocate_with => 'balances');
SELECT create_distributed_table('tag_events', 'location_id', colocate_with => 'balances');
SELECT create_distributed_table('reservation_lines', 'location_id', colocate_with => 'balances');
SELECT create_distributed_table('reservation_changes', 'location_id', colocate_with => 'balances');
SELECT create_distributed_table('count_sights', 'location_id', colocate_with => 'balances');
SELECT create_distributed_table('count_quantities', 'location_id', colocate_with => 'balances');
SELECT create_distributed_table('count_lines', 'location_id', colocate_with => 'balances');
SELECT create_distributed_table('count_results', 'location_id', colocate_with => 'balances');
SELECT create_distributed_table('shipment_lines', 'location_id', colocate_with => 'balances');
SELECT create_distributed_table('shipment_tags', 'location_id', colocate_with => 'balances');
SELECT create_distributed_table('shipment_settlements', 'location_id', colocate_with => 'balances');
SELECT create_distributed_table('safety_stock_suggestions', 'location_id', colocate_with => 'balances');

COMMIT;

-- What follows the order of transactions, which one node gives, or is no location's, stays on the coordinator:
-- stays: outbox outbox_cursor inbox idempotency trail trail_links
-- stays: epcis_captures epcis_capture_events epcis_events epcis_cursor
-- stays: stock_policy_changes reservation_changes_start reader_minutes archives alembic_version
