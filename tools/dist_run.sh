#!/usr/bin/env bash
# Run a tool with several processes, one per GPU, or on the CPU where there is none.
# Usage: bash tools/dist_run.sh TOOL PROCESSES CONFIG [arguments of the tool]
set -euo pipefail
if [ "$#" -lt 3 ]; then
    echo "usage: bash tools/dist_run.sh TOOL PROCESSES CONFIG [arguments of the tool]" >&2
    exit 2
fi
tool=$1
processes=$2
shift 2
exec "${PYTHON:-python}" -m torch.distributed.run \
    --nnodes="${NNODES:-1}" --node_rank="${NODE_RANK:-0}" \
    --nproc_per_node="$processes" \
    --master_addr="${MASTER_ADDR:-127.0.0.1}" --master_port="${PORT:-29500}" \
    "$tool" "$@" --launcher pytorch
