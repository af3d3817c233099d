DROP TABLE kept_counts;
DROP TABLE key_addresses;
DROP TABLE refusals;
