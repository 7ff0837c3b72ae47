-- What every session has from the start, as statements that would make it. Provider knowledge is data; so is this.

CREATE VIEW stackql_repositories AS
SELECT id, name, url FROM github.repos.repos WHERE org = 'stackql' ORDER BY name DESC;

CREATE VIEW aws_ec2_all_volumes AS
SELECT region, VolumeId, VolumeType, Size, Encrypted FROM aws.ec2.volumes WHERE region = '*';

CREATE VIEW aws_cc_bucket_detail AS
SELECT
  listing.region,
  listing.Identifier,
  json_extract(detail.Properties, '$.Arn') AS Arn,
  json_extract(detail.Properties, '$.BucketName') AS BucketName,
  json_extract(detail.Properties, '$.RegionalDomainName') AS RegionalDomainName,
  json_extract(detail.Properties, '$.BucketEncryption') AS BucketEncryption
FROM awscc.cloud_control.resources listing
JOIN awscc.cloud_control.resource detail
  ON detail.Identifier = listing.Identifier AND detail.region = listing.region
WHERE listing.TypeName = 'AWS::S3::Bucket' AND detail.TypeName = 'AWS::S3::Bucket';

CREATE VIEW aws_cc_bucket_unfiltered AS
SELECT
  region,
  Identifier,
  json_extract(Properties, '$.Arn') AS Arn,
  json_extract(Properties, '$.BucketName') AS BucketName,
  json_extract(Properties, '$.RegionalDomainName') AS RegionalDomainName,
  json_extract(Properties, '$.BucketEncryption') AS BucketEncryption
FROM awscc.cloud_control.resource
WHERE TypeName = 'AWS::S3::Bucket';

CREATE MATERIALIZED VIEW stackql_gossip AS
SELECT gossip, category FROM (VALUES
  ('a join over two clouds is still one query', 'queries'),
  ('a view is planned anew wherever it is read', 'views'),
  ('EXPLAIN sends nothing', 'calls')
) AS heard (gossip, category);

CREATE TABLE stackql_notes AS
SELECT note, priority FROM (VALUES
  ('name the table provider.service.resource', 1),
  ('ask SHOW METHODS what a table takes', 2)
) AS noted (note, priority);
