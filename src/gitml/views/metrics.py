"""What a metric means: which way is better, in which unit, and how much difference counts."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Literal

from gitml.records.record import segments

if TYPE_CHECKING:
    from gitml.records.record import Record
    from gitml.repo.snapshot import Snapshot

Verdict = Literal["better", "worse", "same"]

KIND: Final = "metric"
HIGHER: Final = "higher"
LOWER: Final = "lower"
_SLACK = 1e-9  # 0.91 - 0.905 is a little more than the 0.005 that a tolerance says


@dataclass(frozen=True, slots=True)
class Metric:
    """One metric: its direction (`higher`, `lower` or `none` is better), its unit, and the difference to overlook."""

    direction: str = "none"
    unit: str = ""
    tolerance_absolute: float = 0.0
    tolerance_relative: float = 0.0

    @classmethod
    def of(cls, data: Mapping[str, Any]) -> Metric:
        """The metric that a `metric` record describes."""
        tolerance = data.get("tolerance")
        allowed = tolerance if isinstance(tolerance, Mapping) else {}
        unit = data.get("unit")
        return cls(
            str(data.get("direction", "none")),
            unit if isinstance(unit, str) else "",
            _positive(allowed.get("absolute")),
            _positive(allowed.get("relative")),
        )


_SCORES = """
accuracy accuracy_score balanced_accuracy top_1_accuracy top_5_accuracy auc roc_auc roc_auc_score auroc pr_auc auprc
average_precision map mean_average_precision f1 f1_score f1_macro f1_micro f1_weighted f_score fbeta precision recall
sensitivity specificity tpr tnr true_positive_rate true_negative_rate r2 r2_score adjusted_r2 explained_variance mcc
matthews_corrcoef kappa cohen_kappa jaccard iou mean_iou miou dice ndcg mrr hit_rate gini ks bleu rouge_1 rouge_2
rouge_l meteor exact_match silhouette silhouette_score adjusted_rand_score normalized_mutual_info ssim
pearson pearsonr spearman spearmanr kendall
"""
_GAINS = "psnr lift log_likelihood elbo throughput calinski_harabasz inception_score"
_RATES = """
error_rate misclassification_rate wer cer fpr fnr false_positive_rate false_negative_rate hamming_loss zero_one_loss
mape mean_absolute_percentage_error smape wape ece expected_calibration_error eer
"""
_LOSSES = """
loss error mse mean_squared_error rmse root_mean_squared_error mae mean_absolute_error medae median_absolute_error
max_error rmsle msle log_loss logloss binary_logloss multi_logloss cross_entropy nll perplexity bits_per_byte brier
brier_score brier_score_loss hinge hinge_loss huber_loss kl_divergence deviance aic bic crps pinball_loss quantile_loss
fid davies_bouldin hausdorff rmsd latency inference_time
"""
_MILLISECONDS = "latency_ms latency_ms_p50 latency_ms_p95 latency_ms_p99 latency_p50_ms latency_p95_ms latency_p99_ms"
_SECONDS = "latency_s latency_seconds inference_time_s duration_s training_time_s"

BUILT_IN: Final[Mapping[str, Metric]] = {
    name: Metric(direction, unit)
    for names, direction, unit in (
        (_SCORES, HIGHER, "1"),
        (_GAINS, HIGHER, ""),
        (_RATES, LOWER, "1"),
        (_LOSSES, LOWER, ""),
        (_MILLISECONDS, LOWER, "ms"),
        (_SECONDS, LOWER, "s"),
    )
    for name in names.split()
}


@dataclass(frozen=True, slots=True)
class Metrics:
    """The metrics of a snapshot, by name."""

    known: Mapping[str, Metric] = field(default_factory=dict)

    @classmethod
    def of(cls, snapshot: Snapshot) -> Metrics:
        """Those that its `metric` records describe; a record's other names give way to names."""
        if KIND not in snapshot.schemas.latest:
            return cls()
        named = {record.ref.keys[0]: record for record in snapshot.records(KIND)}
        aliases = {alias: record for record in named.values() for alias in _aliases(record)}
        return cls({name: Metric.of(record.data) for name, record in {**aliases, **named}.items()})

    def find(self, name: str) -> Metric | None:
        """The metric that a field is, by the last part of its name; one that no record describes may be built in."""
        parts = _last_parts(name)
        for part in parts:
            if part in self.known:
                return self.known[part]
        plain = [part.casefold().replace("-", "_").replace(" ", "_") for part in parts]
        return next((BUILT_IN[part] for part in plain if part in BUILT_IN), None)


def _last_parts(name: str) -> tuple[str, ...]:
    """The last part of a dotted name; where that has slashes, as in `val/loss`, its own last part too."""
    part = (segments(name) or ("",))[-1]
    return (part, part.rpartition("/")[2]) if "/" in part else (part,)


def verdict(metric: Metric, baseline: object, value: object) -> Verdict | None:
    """Whether a value is better or worse than the baseline; None where nobody can tell: NaN, no number, no direction.

    A difference within either tolerance, the relative one times the baseline's absolute value, is none.
    """
    before, after = _number(baseline), _number(value)
    if metric.direction not in {HIGHER, LOWER} or before is None or after is None:
        return None
    if math.isnan(before) or math.isnan(after):
        return "same" if math.isnan(before) and math.isnan(after) else None
    if before == after or overlooked(metric, before, after):
        return "same"
    return "better" if (after > before) == (metric.direction == HIGHER) else "worse"


def overlooked(metric: Metric, before: float, after: float) -> bool:
    """Whether a difference lies within the metric's tolerance."""
    if not (math.isfinite(before) and math.isfinite(after)):
        return False
    allowed = max(metric.tolerance_absolute, metric.tolerance_relative * abs(before))
    return abs(after - before) <= allowed * (1 + _SLACK)


def _number(value: object) -> float | None:
    return value if isinstance(value, int | float) and not isinstance(value, bool) else None


def _positive(value: object) -> float:
    number = _number(value)
    return float(number) if number is not None and number > 0 else 0.0


def _aliases(record: Record) -> list[str]:
    aliases = record.data.get("aliases")
    return [alias for alias in aliases if isinstance(alias, str)] if isinstance(aliases, list) else []
