-- How often the reference's second reply disagrees with its first, in each cell that has a control.
SELECT cell,
       CAST(sum(CAST(control_loss AS DECIMAL(38, 18))) AS DOUBLE) / count(*) AS noise_floor
FROM shadows WHERE arm = 'candidate' AND control_loss IS NOT NULL AND decided_at <= {as_of}
GROUP BY cell
