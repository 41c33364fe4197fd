"""People with identities, addresses and consents take the place of contacts of orders."""

from onhand.kit.migrations import execute

revision = "0002"
down_revision = "0001"

TABLES = """
-- key_id names the key that sealed a row; '' is from before there were names: such a row is sealed and digested
-- by the service before it serves. A digest is keyed too, and finds what is sealed.
CREATE TABLE contacts (
    contact_id  uuid PRIMARY KEY,
    merged_into uuid REFERENCES contacts ON DELETE CASCADE,
    create_time timestamptz NOT NULL
);
CREATE INDEX contacts_merged ON contacts (merged_into) WHERE merged_into IS NOT NULL;
CREATE TABLE identities (
    identity_id     uuid PRIMARY KEY,
    contact_id      uuid NOT NULL REFERENCES contacts,
    system          text NOT NULL,
    external_digest bytea,
    loyalty_digest  bytea,  -- null: no loyalty id
    sealed_profile  bytea NOT NULL,
    key_id          text NOT NULL,
    create_time     timestamptz NOT NULL,
    update_time     timestamptz NOT NULL,
    UNIQUE (system, external_digest)
);
CREATE INDEX identities_contact ON identities (contact_id);
CREATE INDEX identities_loyalty ON identities (loyalty_digest) WHERE loyalty_digest IS NOT NULL;
CREATE INDEX identities_update_time ON identities (update_time);
CREATE INDEX identities_key ON identities (key_id);
CREATE TABLE addresses (
    address_id   uuid PRIMARY KEY,
    identity_id  uuid     NOT NULL REFERENCES identities ON DELETE CASCADE,
    kind         smallint NOT NULL,
    digest       bytea,
    sealed_value bytea    NOT NULL,
    verified     boolean  NOT NULL,
    key_id       text     NOT NULL,
    UNIQUE (identity_id, kind, digest)
);
CREATE INDEX addresses_digest ON addresses (digest);
CREATE INDEX addresses_key ON addresses (key_id);
-- Records: added, never changed; they go with their address only.
CREATE TABLE consents (
    consent_id   uuid PRIMARY KEY,
    address_id   uuid        NOT NULL REFERENCES addresses ON DELETE CASCADE,
    channel      smallint    NOT NULL,
    topic        smallint    NOT NULL,
    granted      boolean     NOT NULL,
    sealed_proof bytea       NOT NULL,
    key_id       text        NOT NULL,
    give_time    timestamptz NOT NULL,
    record_time  timestamptz NOT NULL,
    actor        text        NOT NULL
);
CREATE INDEX consents_address ON consents (address_id);
CREATE INDEX consents_key ON consents (key_id);
-- Pairs that the rule of merging leaves alone, since somebody has said that they are two.
CREATE TABLE separations (
    identity_id       uuid NOT NULL REFERENCES identities ON DELETE CASCADE,
    other_identity_id uuid NOT NULL REFERENCES identities ON DELETE CASCADE,
    PRIMARY KEY (identity_id, other_identity_id),
    CHECK (identity_id < other_identity_id)
);
CREATE INDEX separations_other ON separations (other_identity_id);
CREATE TABLE merge_reviews (
    review_id        uuid PRIMARY KEY,
    contact_id       uuid NOT NULL REFERENCES contacts ON DELETE CASCADE,
    other_contact_id uuid NOT NULL REFERENCES contacts ON DELETE CASCADE,
    detail           text NOT NULL,
    create_time      timestamptz NOT NULL,
    CHECK (contact_id < other_contact_id),
    UNIQUE (contact_id, other_contact_id)
);
CREATE INDEX merge_reviews_other ON merge_reviews (other_contact_id);
-- That somebody was forgotten, by whose order and when: the ids lead nowhere any more.
CREATE TABLE erasures (
    contact_id uuid PRIMARY KEY,
    actor      text        NOT NULL,
    erase_time timestamptz NOT NULL
);

ALTER TABLE order_contacts RENAME TO orders;
ALTER TABLE orders
    ADD COLUMN identity_id uuid,                          -- null: erased
    ADD COLUMN address_ids uuid[] NOT NULL DEFAULT '{}';  -- those given with the order
ALTER TABLE messages
    ADD COLUMN identity_id    uuid,  -- whose; null for a webhook, and once the person is erased
    ADD COLUMN address_id     uuid,
    ADD COLUMN sealed_subject bytea,
    ADD COLUMN key_id         text NOT NULL DEFAULT '';
ALTER TABLE webhook_endpoints ADD COLUMN key_id text NOT NULL DEFAULT '';

UPDATE orders SET identity_id = gen_random_uuid();
INSERT INTO contacts (contact_id, create_time) SELECT identity_id, create_time FROM orders;
INSERT INTO identities (identity_id, contact_id, system, sealed_profile, key_id, create_time, update_time)
SELECT identity_id, identity_id, 'order',
       convert_to(json_build_object('external_id', order_id, 'display_name', display_name,
                                    'locale', locale)::text, 'UTF8'),
       '', create_time, create_time
FROM orders;
WITH given AS (
    INSERT INTO addresses (address_id, identity_id, kind, sealed_value, verified, key_id)
    SELECT gen_random_uuid(), identity_id, 1, sealed_email, false, '' FROM orders WHERE sealed_email IS NOT NULL
    RETURNING identity_id, address_id
)
UPDATE orders o SET address_ids = ARRAY[g.address_id] FROM given g WHERE g.identity_id = o.identity_id;
UPDATE messages m SET sealed_subject = convert_to(m.subject, 'UTF8'), identity_id = o.identity_id,
    address_id = o.address_ids[1]
FROM orders o WHERE o.order_id = m.order_id AND m.channel = 1;

ALTER TABLE orders
    ADD FOREIGN KEY (identity_id) REFERENCES identities ON DELETE SET NULL,
    DROP COLUMN display_name, DROP COLUMN sealed_email, DROP COLUMN locale;
CREATE INDEX orders_identity ON orders (identity_id);
ALTER TABLE messages DROP COLUMN subject;
CREATE INDEX messages_identity ON messages (identity_id, create_time DESC, message_id DESC)
    WHERE identity_id IS NOT NULL;
CREATE INDEX messages_key ON messages (key_id)
    WHERE sealed_body IS NOT NULL OR sealed_subject IS NOT NULL;
"""


def upgrade() -> None:
    execute(TABLES)
