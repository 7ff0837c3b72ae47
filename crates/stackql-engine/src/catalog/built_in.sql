-- What every session has from the start, as statements that would make it. Provider knowledge is data; so is this.

CREATE VIEW stackql_repositories AS
SELECT id, name, url FROM github.repos.repos WHERE org = 'stackql' ORDER BY name DESC;

CREATE VIEW aws_ec2_all_volumes AS
SELECT region AS aws_region, volumeId, encrypted, size FROM aws.ec2.volumes
WHERE region IN (
  'ap-northeast-1', 'ap-northeast-2', 'ap-northeast-3', 'ap-south-1', 'ap-southeast-1', 'ap-southeast-2', 'ca-central-1',
  'eu-central-1', 'eu-north-1', 'eu-west-1', 'eu-west-2', 'eu-west-3', 'sa-east-1'
)
UNION
SELECT region AS aws_region, volumeId, encrypted, size FROM aws.ec2.volumes
WHERE region IN ('us-east-1', 'us-east-2', 'us-west-1', 'us-west-2');

CREATE VIEW aws_cc_bucket_detail AS
SELECT
  json_extract(Properties, '$.Arn') AS Arn,
  json_extract(Properties, '$.BucketName') AS BucketName,
  json_extract(Properties, '$.DomainName') AS DomainName,
  json_extract(Properties, '$.RegionalDomainName') AS RegionalDomainName,
  json_extract(Properties, '$.DualStackDomainName') AS DualStackDomainName,
  json_extract(Properties, '$.WebsiteURL') AS WebsiteURL,
  json_extract(Properties, '$.OwnershipControls.Rules[0].ObjectOwnership') AS ObjectOwnership,
  CASE json_extract(Properties, '$.PublicAccessBlockConfiguration.RestrictPublicBuckets') WHEN 1 THEN 'true' WHEN 0 THEN 'false' END
    AS RestrictPublicBuckets,
  CASE json_extract(Properties, '$.PublicAccessBlockConfiguration.BlockPublicPolicy') WHEN 1 THEN 'true' WHEN 0 THEN 'false' END
    AS BlockPublicPolicy,
  CASE json_extract(Properties, '$.PublicAccessBlockConfiguration.BlockPublicAcls') WHEN 1 THEN 'true' WHEN 0 THEN 'false' END
    AS BlockPublicAcls,
  CASE json_extract(Properties, '$.PublicAccessBlockConfiguration.IgnorePublicAcls') WHEN 1 THEN 'true' WHEN 0 THEN 'false' END
    AS IgnorePublicAcls,
  json_extract(Properties, '$.Tags') AS Tags
FROM aws.cloud_control.resource
WHERE data__TypeName = 'AWS::S3::Bucket';

CREATE VIEW aws_cc_bucket_unfiltered AS
SELECT
  json_extract(Properties, '$.Arn') AS Arn,
  json_extract(Properties, '$.BucketName') AS BucketName,
  json_extract(Properties, '$.DomainName') AS DomainName,
  json_extract(Properties, '$.RegionalDomainName') AS RegionalDomainName,
  json_extract(Properties, '$.DualStackDomainName') AS DualStackDomainName,
  json_extract(Properties, '$.WebsiteURL') AS WebsiteURL,
  json_extract(Properties, '$.OwnershipControls.Rules[0].ObjectOwnership') AS ObjectOwnership,
  CASE json_extract(Properties, '$.PublicAccessBlockConfiguration.RestrictPublicBuckets') WHEN 1 THEN 'true' WHEN 0 THEN 'false' END
    AS RestrictPublicBuckets,
  CASE json_extract(Properties, '$.PublicAccessBlockConfiguration.BlockPublicPolicy') WHEN 1 THEN 'true' WHEN 0 THEN 'false' END
    AS BlockPublicPolicy,
  CASE json_extract(Properties, '$.PublicAccessBlockConfiguration.BlockPublicAcls') WHEN 1 THEN 'true' WHEN 0 THEN 'false' END
    AS BlockPublicAcls,
  CASE json_extract(Properties, '$.PublicAccessBlockConfiguration.IgnorePublicAcls') WHEN 1 THEN 'true' WHEN 0 THEN 'false' END
    AS IgnorePublicAcls,
  json_extract(Properties, '$.Tags') AS Tags
FROM aws.cloud_control_legacy.resources
WHERE data__TypeName = 'AWS::S3::Bucket';

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
