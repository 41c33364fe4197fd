import datetime

from onhand.api.buf.validate import validate_pb2 as _validate_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from onhand.api.auth.v1 import scopes_pb2 as _scopes_pb2
from onhand.api.notifications.v1 import alerts_pb2 as _alerts_pb2
from onhand.api.notifications.v1 import messages_pb2 as _messages_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Topic(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    TOPIC_UNSPECIFIED: _ClassVar[Topic]
    TOPIC_ORDER: _ClassVar[Topic]
    TOPIC_ALERT: _ClassVar[Topic]
    TOPIC_MARKETING: _ClassVar[Topic]
TOPIC_UNSPECIFIED: Topic
TOPIC_ORDER: Topic
TOPIC_ALERT: Topic
TOPIC_MARKETING: Topic

class Address(_message.Message):
    __slots__ = ("address_id", "kind", "value", "verified")
    class Kind(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        KIND_UNSPECIFIED: _ClassVar[Address.Kind]
        KIND_EMAIL: _ClassVar[Address.Kind]
        KIND_PHONE: _ClassVar[Address.Kind]
        KIND_PUSH: _ClassVar[Address.Kind]
        KIND_WEBHOOK: _ClassVar[Address.Kind]
    KIND_UNSPECIFIED: Address.Kind
    KIND_EMAIL: Address.Kind
    KIND_PHONE: Address.Kind
    KIND_PUSH: Address.Kind
    KIND_WEBHOOK: Address.Kind
    ADDRESS_ID_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    VALUE_FIELD_NUMBER: _ClassVar[int]
    VERIFIED_FIELD_NUMBER: _ClassVar[int]
    address_id: str
    kind: Address.Kind
    value: str
    verified: bool
    def __init__(self, address_id: _Optional[str] = ..., kind: _Optional[_Union[Address.Kind, str]] = ..., value: _Optional[str] = ..., verified: _Optional[bool] = ...) -> None: ...

class ChannelPreference(_message.Message):
    __slots__ = ("topic", "channels")
    TOPIC_FIELD_NUMBER: _ClassVar[int]
    CHANNELS_FIELD_NUMBER: _ClassVar[int]
    topic: Topic
    channels: _containers.RepeatedScalarFieldContainer[_messages_pb2.Message.Channel]
    def __init__(self, topic: _Optional[_Union[Topic, str]] = ..., channels: _Optional[_Iterable[_Union[_messages_pb2.Message.Channel, str]]] = ...) -> None: ...

class Identity(_message.Message):
    __slots__ = ("identity_id", "system", "external_id", "loyalty_id", "display_name", "locale", "time_zone", "preferred_location_id", "preferences", "addresses", "update_time")
    IDENTITY_ID_FIELD_NUMBER: _ClassVar[int]
    SYSTEM_FIELD_NUMBER: _ClassVar[int]
    EXTERNAL_ID_FIELD_NUMBER: _ClassVar[int]
    LOYALTY_ID_FIELD_NUMBER: _ClassVar[int]
    DISPLAY_NAME_FIELD_NUMBER: _ClassVar[int]
    LOCALE_FIELD_NUMBER: _ClassVar[int]
    TIME_ZONE_FIELD_NUMBER: _ClassVar[int]
    PREFERRED_LOCATION_ID_FIELD_NUMBER: _ClassVar[int]
    PREFERENCES_FIELD_NUMBER: _ClassVar[int]
    ADDRESSES_FIELD_NUMBER: _ClassVar[int]
    UPDATE_TIME_FIELD_NUMBER: _ClassVar[int]
    identity_id: str
    system: str
    external_id: str
    loyalty_id: str
    display_name: str
    locale: str
    time_zone: str
    preferred_location_id: str
    preferences: _containers.RepeatedCompositeFieldContainer[ChannelPreference]
    addresses: _containers.RepeatedCompositeFieldContainer[Address]
    update_time: _timestamp_pb2.Timestamp
    def __init__(self, identity_id: _Optional[str] = ..., system: _Optional[str] = ..., external_id: _Optional[str] = ..., loyalty_id: _Optional[str] = ..., display_name: _Optional[str] = ..., locale: _Optional[str] = ..., time_zone: _Optional[str] = ..., preferred_location_id: _Optional[str] = ..., preferences: _Optional[_Iterable[_Union[ChannelPreference, _Mapping]]] = ..., addresses: _Optional[_Iterable[_Union[Address, _Mapping]]] = ..., update_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class ConsentProof(_message.Message):
    __slots__ = ("source", "wording", "evidence")
    SOURCE_FIELD_NUMBER: _ClassVar[int]
    WORDING_FIELD_NUMBER: _ClassVar[int]
    EVIDENCE_FIELD_NUMBER: _ClassVar[int]
    source: str
    wording: str
    evidence: str
    def __init__(self, source: _Optional[str] = ..., wording: _Optional[str] = ..., evidence: _Optional[str] = ...) -> None: ...

class Consent(_message.Message):
    __slots__ = ("consent_id", "address_id", "channel", "topic", "granted", "proof", "give_time", "record_time", "actor")
    CONSENT_ID_FIELD_NUMBER: _ClassVar[int]
    ADDRESS_ID_FIELD_NUMBER: _ClassVar[int]
    CHANNEL_FIELD_NUMBER: _ClassVar[int]
    TOPIC_FIELD_NUMBER: _ClassVar[int]
    GRANTED_FIELD_NUMBER: _ClassVar[int]
    PROOF_FIELD_NUMBER: _ClassVar[int]
    GIVE_TIME_FIELD_NUMBER: _ClassVar[int]
    RECORD_TIME_FIELD_NUMBER: _ClassVar[int]
    ACTOR_FIELD_NUMBER: _ClassVar[int]
    consent_id: str
    address_id: str
    channel: _messages_pb2.Message.Channel
    topic: Topic
    granted: bool
    proof: ConsentProof
    give_time: _timestamp_pb2.Timestamp
    record_time: _timestamp_pb2.Timestamp
    actor: str
    def __init__(self, consent_id: _Optional[str] = ..., address_id: _Optional[str] = ..., channel: _Optional[_Union[_messages_pb2.Message.Channel, str]] = ..., topic: _Optional[_Union[Topic, str]] = ..., granted: _Optional[bool] = ..., proof: _Optional[_Union[ConsentProof, _Mapping]] = ..., give_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., record_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., actor: _Optional[str] = ...) -> None: ...

class Contact(_message.Message):
    __slots__ = ("contact_id", "display_name", "locale", "time_zone", "preferred_location_id", "preferences", "identities", "consents", "create_time")
    CONTACT_ID_FIELD_NUMBER: _ClassVar[int]
    DISPLAY_NAME_FIELD_NUMBER: _ClassVar[int]
    LOCALE_FIELD_NUMBER: _ClassVar[int]
    TIME_ZONE_FIELD_NUMBER: _ClassVar[int]
    PREFERRED_LOCATION_ID_FIELD_NUMBER: _ClassVar[int]
    PREFERENCES_FIELD_NUMBER: _ClassVar[int]
    IDENTITIES_FIELD_NUMBER: _ClassVar[int]
    CONSENTS_FIELD_NUMBER: _ClassVar[int]
    CREATE_TIME_FIELD_NUMBER: _ClassVar[int]
    contact_id: str
    display_name: str
    locale: str
    time_zone: str
    preferred_location_id: str
    preferences: _containers.RepeatedCompositeFieldContainer[ChannelPreference]
    identities: _containers.RepeatedCompositeFieldContainer[Identity]
    consents: _containers.RepeatedCompositeFieldContainer[Consent]
    create_time: _timestamp_pb2.Timestamp
    def __init__(self, contact_id: _Optional[str] = ..., display_name: _Optional[str] = ..., locale: _Optional[str] = ..., time_zone: _Optional[str] = ..., preferred_location_id: _Optional[str] = ..., preferences: _Optional[_Iterable[_Union[ChannelPreference, _Mapping]]] = ..., identities: _Optional[_Iterable[_Union[Identity, _Mapping]]] = ..., consents: _Optional[_Iterable[_Union[Consent, _Mapping]]] = ..., create_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class MergeReview(_message.Message):
    __slots__ = ("review_id", "contact_id", "other_contact_id", "detail", "create_time")
    REVIEW_ID_FIELD_NUMBER: _ClassVar[int]
    CONTACT_ID_FIELD_NUMBER: _ClassVar[int]
    OTHER_CONTACT_ID_FIELD_NUMBER: _ClassVar[int]
    DETAIL_FIELD_NUMBER: _ClassVar[int]
    CREATE_TIME_FIELD_NUMBER: _ClassVar[int]
    review_id: str
    contact_id: str
    other_contact_id: str
    detail: str
    create_time: _timestamp_pb2.Timestamp
    def __init__(self, review_id: _Optional[str] = ..., contact_id: _Optional[str] = ..., other_contact_id: _Optional[str] = ..., detail: _Optional[str] = ..., create_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class UpsertContactRequest(_message.Message):
    __slots__ = ("request_id", "identity")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    IDENTITY_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    identity: Identity
    def __init__(self, request_id: _Optional[str] = ..., identity: _Optional[_Union[Identity, _Mapping]] = ...) -> None: ...

class UpsertContactResponse(_message.Message):
    __slots__ = ("contact",)
    CONTACT_FIELD_NUMBER: _ClassVar[int]
    contact: Contact
    def __init__(self, contact: _Optional[_Union[Contact, _Mapping]] = ...) -> None: ...

class GetContactRequest(_message.Message):
    __slots__ = ("contact_id",)
    CONTACT_ID_FIELD_NUMBER: _ClassVar[int]
    contact_id: str
    def __init__(self, contact_id: _Optional[str] = ...) -> None: ...

class GetContactResponse(_message.Message):
    __slots__ = ("contact",)
    CONTACT_FIELD_NUMBER: _ClassVar[int]
    contact: Contact
    def __init__(self, contact: _Optional[_Union[Contact, _Mapping]] = ...) -> None: ...

class IdentityKey(_message.Message):
    __slots__ = ("system", "external_id")
    SYSTEM_FIELD_NUMBER: _ClassVar[int]
    EXTERNAL_ID_FIELD_NUMBER: _ClassVar[int]
    system: str
    external_id: str
    def __init__(self, system: _Optional[str] = ..., external_id: _Optional[str] = ...) -> None: ...

class FindContactsRequest(_message.Message):
    __slots__ = ("address", "identity", "order_id")
    ADDRESS_FIELD_NUMBER: _ClassVar[int]
    IDENTITY_FIELD_NUMBER: _ClassVar[int]
    ORDER_ID_FIELD_NUMBER: _ClassVar[int]
    address: Address
    identity: IdentityKey
    order_id: str
    def __init__(self, address: _Optional[_Union[Address, _Mapping]] = ..., identity: _Optional[_Union[IdentityKey, _Mapping]] = ..., order_id: _Optional[str] = ...) -> None: ...

class FindContactsResponse(_message.Message):
    __slots__ = ("contacts",)
    CONTACTS_FIELD_NUMBER: _ClassVar[int]
    contacts: _containers.RepeatedCompositeFieldContainer[Contact]
    def __init__(self, contacts: _Optional[_Iterable[_Union[Contact, _Mapping]]] = ...) -> None: ...

class VerifyAddressRequest(_message.Message):
    __slots__ = ("request_id", "contact_id", "address_id")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    CONTACT_ID_FIELD_NUMBER: _ClassVar[int]
    ADDRESS_ID_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    contact_id: str
    address_id: str
    def __init__(self, request_id: _Optional[str] = ..., contact_id: _Optional[str] = ..., address_id: _Optional[str] = ...) -> None: ...

class VerifyAddressResponse(_message.Message):
    __slots__ = ("contact",)
    CONTACT_FIELD_NUMBER: _ClassVar[int]
    contact: Contact
    def __init__(self, contact: _Optional[_Union[Contact, _Mapping]] = ...) -> None: ...

class RecordConsentRequest(_message.Message):
    __slots__ = ("request_id", "contact_id", "address_id", "channel", "topic", "granted", "proof", "give_time")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    CONTACT_ID_FIELD_NUMBER: _ClassVar[int]
    ADDRESS_ID_FIELD_NUMBER: _ClassVar[int]
    CHANNEL_FIELD_NUMBER: _ClassVar[int]
    TOPIC_FIELD_NUMBER: _ClassVar[int]
    GRANTED_FIELD_NUMBER: _ClassVar[int]
    PROOF_FIELD_NUMBER: _ClassVar[int]
    GIVE_TIME_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    contact_id: str
    address_id: str
    channel: _messages_pb2.Message.Channel
    topic: Topic
    granted: bool
    proof: ConsentProof
    give_time: _timestamp_pb2.Timestamp
    def __init__(self, request_id: _Optional[str] = ..., contact_id: _Optional[str] = ..., address_id: _Optional[str] = ..., channel: _Optional[_Union[_messages_pb2.Message.Channel, str]] = ..., topic: _Optional[_Union[Topic, str]] = ..., granted: _Optional[bool] = ..., proof: _Optional[_Union[ConsentProof, _Mapping]] = ..., give_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class RecordConsentResponse(_message.Message):
    __slots__ = ("consent",)
    CONSENT_FIELD_NUMBER: _ClassVar[int]
    consent: Consent
    def __init__(self, consent: _Optional[_Union[Consent, _Mapping]] = ...) -> None: ...

class SplitContactRequest(_message.Message):
    __slots__ = ("request_id", "contact_id", "identity_ids")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    CONTACT_ID_FIELD_NUMBER: _ClassVar[int]
    IDENTITY_IDS_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    contact_id: str
    identity_ids: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, request_id: _Optional[str] = ..., contact_id: _Optional[str] = ..., identity_ids: _Optional[_Iterable[str]] = ...) -> None: ...

class SplitContactResponse(_message.Message):
    __slots__ = ("contact", "new_contact")
    CONTACT_FIELD_NUMBER: _ClassVar[int]
    NEW_CONTACT_FIELD_NUMBER: _ClassVar[int]
    contact: Contact
    new_contact: Contact
    def __init__(self, contact: _Optional[_Union[Contact, _Mapping]] = ..., new_contact: _Optional[_Union[Contact, _Mapping]] = ...) -> None: ...

class ListMergeReviewsRequest(_message.Message):
    __slots__ = ("page_size", "page_token")
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    page_size: int
    page_token: str
    def __init__(self, page_size: _Optional[int] = ..., page_token: _Optional[str] = ...) -> None: ...

class ListMergeReviewsResponse(_message.Message):
    __slots__ = ("reviews", "next_page_token")
    REVIEWS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    reviews: _containers.RepeatedCompositeFieldContainer[MergeReview]
    next_page_token: str
    def __init__(self, reviews: _Optional[_Iterable[_Union[MergeReview, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class DecideMergeReviewRequest(_message.Message):
    __slots__ = ("request_id", "review_id", "merge")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    REVIEW_ID_FIELD_NUMBER: _ClassVar[int]
    MERGE_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    review_id: str
    merge: bool
    def __init__(self, request_id: _Optional[str] = ..., review_id: _Optional[str] = ..., merge: _Optional[bool] = ...) -> None: ...

class DecideMergeReviewResponse(_message.Message):
    __slots__ = ("contacts",)
    CONTACTS_FIELD_NUMBER: _ClassVar[int]
    contacts: _containers.RepeatedCompositeFieldContainer[Contact]
    def __init__(self, contacts: _Optional[_Iterable[_Union[Contact, _Mapping]]] = ...) -> None: ...

class ExportContactRequest(_message.Message):
    __slots__ = ("contact_id", "page_size", "page_token")
    CONTACT_ID_FIELD_NUMBER: _ClassVar[int]
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    contact_id: str
    page_size: int
    page_token: str
    def __init__(self, contact_id: _Optional[str] = ..., page_size: _Optional[int] = ..., page_token: _Optional[str] = ...) -> None: ...

class ExportContactResponse(_message.Message):
    __slots__ = ("contact", "consents", "order_ids", "messages", "next_page_token", "alerts", "look_ups")
    CONTACT_FIELD_NUMBER: _ClassVar[int]
    CONSENTS_FIELD_NUMBER: _ClassVar[int]
    ORDER_IDS_FIELD_NUMBER: _ClassVar[int]
    MESSAGES_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    ALERTS_FIELD_NUMBER: _ClassVar[int]
    LOOK_UPS_FIELD_NUMBER: _ClassVar[int]
    contact: Contact
    consents: _containers.RepeatedCompositeFieldContainer[Consent]
    order_ids: _containers.RepeatedScalarFieldContainer[str]
    messages: _containers.RepeatedCompositeFieldContainer[_messages_pb2.Message]
    next_page_token: str
    alerts: _containers.RepeatedCompositeFieldContainer[_alerts_pb2.Alert]
    look_ups: _containers.RepeatedCompositeFieldContainer[_alerts_pb2.LookUp]
    def __init__(self, contact: _Optional[_Union[Contact, _Mapping]] = ..., consents: _Optional[_Iterable[_Union[Consent, _Mapping]]] = ..., order_ids: _Optional[_Iterable[str]] = ..., messages: _Optional[_Iterable[_Union[_messages_pb2.Message, _Mapping]]] = ..., next_page_token: _Optional[str] = ..., alerts: _Optional[_Iterable[_Union[_alerts_pb2.Alert, _Mapping]]] = ..., look_ups: _Optional[_Iterable[_Union[_alerts_pb2.LookUp, _Mapping]]] = ...) -> None: ...

class EraseContactRequest(_message.Message):
    __slots__ = ("request_id", "contact_id")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    CONTACT_ID_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    contact_id: str
    def __init__(self, request_id: _Optional[str] = ..., contact_id: _Optional[str] = ...) -> None: ...

class EraseContactResponse(_message.Message):
    __slots__ = ("erase_time", "identity_count", "message_count")
    ERASE_TIME_FIELD_NUMBER: _ClassVar[int]
    IDENTITY_COUNT_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_COUNT_FIELD_NUMBER: _ClassVar[int]
    erase_time: _timestamp_pb2.Timestamp
    identity_count: int
    message_count: int
    def __init__(self, erase_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., identity_count: _Optional[int] = ..., message_count: _Optional[int] = ...) -> None: ...

class LiftSuppressionRequest(_message.Message):
    __slots__ = ("contact_id", "address_id")
    CONTACT_ID_FIELD_NUMBER: _ClassVar[int]
    ADDRESS_ID_FIELD_NUMBER: _ClassVar[int]
    contact_id: str
    address_id: str
    def __init__(self, contact_id: _Optional[str] = ..., address_id: _Optional[str] = ...) -> None: ...

class LiftSuppressionResponse(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...
