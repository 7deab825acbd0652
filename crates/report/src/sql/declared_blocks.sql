-- Each block once, for the same reason.
SELECT cell, day, min(eta) AS eta, min(a_hat) AS a_hat, min(rho) AS rho, min(kappa) AS kappa
FROM blocks GROUP BY cell, day
