"""bench/peers/agreement.py -- whether two programs compute the same: their answers to a request "check", at the first weights."""


def relative(a, b):
    return abs(a - b) / (abs(b) + 1e-30)


def predictions(mine, theirs):
    return rows(mine["log_probabilities"], theirs["log_probabilities"])


def rows(mine, theirs):
    """The largest difference of log-probabilities, or of features."""
    worst = max(abs(a - b) for a, b in zip(mine, theirs, strict=True))
    return {"log_probability": worst, "allowed": 1e-4, "agree": worst <= 1e-4}


def gradients(mine, theirs, allowed):
    """The largest relative difference of loss and gradient norms; both name the same tensors."""
    norms = theirs["norms"]
    worst = max(norms, key=lambda name: relative(mine["norms"][name], norms[name]))
    found = {"loss": relative(mine["loss"], theirs["loss"]), "gradient": relative(mine["norms"][worst], norms[worst]), "worst": worst}
    return {**found, "allowed": allowed, "agree": max(found["loss"], found["gradient"]) <= allowed}
