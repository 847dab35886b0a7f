"""Packs as ``--json`` answers with them."""

from __future__ import annotations

from mm_jupyter.records import Judgement, Pack
from mm_jupyter.wire.reports import Json, environment, judgement, strict


def pack(found: Pack) -> Json:
    """``mm pack --json`` and ``mm verify PACK --json``: a pack that is whole."""
    manifest, record = found.manifest, found.record
    row = record.run.row
    why = {one.name: one.why for one in manifest.left_out if one.kind == "input"}
    return {
        "path": found.path,
        "whole": True,
        "seal": found.seal,
        "size": found.size,
        "format": manifest.format,
        "product": manifest.product,
        "run": manifest.run,
        "status": row.status,
        "started": row.started,
        "metrics": strict(row.metrics),
        "recipe": {"executions": manifest.executions, "of": manifest.of},
        "verdicts": [
            {"verdict": one.verdict, "at": one.at, "environment": one.environment}
            for one in reversed(found.verdicts)
        ],
        "environment": environment(record.run.environment) if record.run.environment else None,
        "inputs": [
            {
                "path": use.path,
                "digest": use.digest,
                "size": use.size,
                "inside": use.content is not None,
                "why": None if use.content is not None else why.get(use.path),
            }
            for use in record.inputs()
        ],
        "left_out": [
            {
                "kind": one.kind,
                "name": one.name,
                "digest": one.digest,
                "size": one.size,
                "why": one.why,
            }
            for one in manifest.left_out
        ],
        "noise_rules": [one.name for one in found.rules],
        "members": [
            {"name": one.name, "digest": one.digest, "size": one.size} for one in manifest.members
        ],
    }


def pack_replay(found: Pack, judged: Judgement) -> Json:
    """``mm verify PACK --run --json``: the pack, and what its replay says."""
    return {"pack": pack(found), "replay": judgement(judged)}
