"""Parses records in the format `tf.train.Example`, without TensorFlow."""

import functools
from typing import Any

Values = list[bytes] | list[float] | list[int]


def parse(record: bytes) -> dict[str, Values]:
    """Returns the features of a record by name, or no features if it has another format.

    Args:
      record: Serialized `tf.train.Example`.
    """
    from google.protobuf.message import DecodeError

    example = _example_class()()
    try:
        example.ParseFromString(record)
    except DecodeError:
        return {}
    found: dict[str, Values] = {}
    for name, feature in example.features.feature.items():
        kind = feature.WhichOneof("kind")
        found[name] = list(getattr(feature, kind).value) if kind else []
    return found


@functools.cache
def _example_class() -> Any:
    """Returns the class of the messages, built from the published definition of the format."""
    from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

    kinds = descriptor_pb2.FieldDescriptorProto
    file = descriptor_pb2.FileDescriptorProto(name="example.proto", package="x", syntax="proto3")

    def add_message(parent: Any, name: str) -> Any:
        return parent.add(name=name)

    def add_field(message: Any, name: str, number: int, kind: int, **options: Any) -> Any:
        options.setdefault("label", kinds.LABEL_OPTIONAL)
        return message.field.add(name=name, number=number, type=kind, **options)

    repeated = {"label": kinds.LABEL_REPEATED}
    lists = (
        ("BytesList", "bytes_list", kinds.TYPE_BYTES),
        ("FloatList", "float_list", kinds.TYPE_FLOAT),
        ("Int64List", "int64_list", kinds.TYPE_INT64),
    )
    for name, _, kind in lists:
        add_field(add_message(file.message_type, name), "value", 1, kind, **repeated)
    feature = add_message(file.message_type, "Feature")
    feature.oneof_decl.add(name="kind")
    for number, (name, field, _) in enumerate(lists, start=1):
        add_field(feature, field, number, kinds.TYPE_MESSAGE, type_name=f".x.{name}", oneof_index=0)
    features = add_message(file.message_type, "Features")
    entry = add_message(features.nested_type, "FeatureEntry")
    entry.options.map_entry = True
    add_field(entry, "key", 1, kinds.TYPE_STRING)
    add_field(entry, "value", 2, kinds.TYPE_MESSAGE, type_name=".x.Feature")
    entry_type = ".x.Features.FeatureEntry"
    add_field(features, "feature", 1, kinds.TYPE_MESSAGE, type_name=entry_type, **repeated)
    example = add_message(file.message_type, "Example")
    add_field(example, "features", 1, kinds.TYPE_MESSAGE, type_name=".x.Features")
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return message_factory.GetMessageClass(pool.FindMessageTypeByName("x.Example"))
