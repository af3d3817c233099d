DROP TABLE bulk_job_keys;
DROP TABLE bulk_jobs;
