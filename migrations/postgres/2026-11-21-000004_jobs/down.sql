DROP TABLE job_keys;
DROP TABLE jobs;
