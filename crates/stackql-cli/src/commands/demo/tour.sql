-- The tour of `stackql demo`. Comments above a statement are shown before it; `-- keep name = column` keeps a value of
-- its first row for ${name} further down; `-- fails` says that it must.

-- 1. What there is to query.
SHOW SERVICES IN aws;
-- Each resource is a table. Those of traffic mirroring:
SHOW RESOURCES IN aws.ec2 LIKE 'traffic_mirror%';
-- A mirror session copies what one network interface sees to a target. These operations of the API serve its table:
SHOW METHODS IN aws.ec2.traffic_mirror_sessions;
-- And these are its columns:
DESCRIBE aws.ec2.traffic_mirror_sessions;

-- 2. A network to mirror. INSERT creates; RETURNING gives what the API answered.
-- keep vpc = vpcId
INSERT INTO aws.ec2.vpcs(CidrBlock) VALUES ('10.20.0.0/16') RETURNING vpcId, cidrBlock, state;
-- What is inserted may come from a query.
-- keep subnet = subnetId
INSERT INTO aws.ec2.subnets(VpcId, CidrBlock)
  SELECT vpcId, '10.20.1.0/24' FROM aws.ec2.vpcs WHERE cidrBlock = '10.20.0.0/16'
  RETURNING subnetId, vpcId, cidrBlock;
-- Two network interfaces: one to be watched, and one that watches.
-- keep source = networkInterfaceId
INSERT INTO aws.ec2.network_interfaces(SubnetId, Description) VALUES ('${subnet}', 'web server')
  RETURNING networkInterfaceId, privateIpAddress, description;
-- keep sink = networkInterfaceId
INSERT INTO aws.ec2.network_interfaces(SubnetId, Description) VALUES ('${subnet}', 'packet collector')
  RETURNING networkInterfaceId, privateIpAddress, description;

-- 3. What to mirror, and where to. First a filter, with a rule that lets incoming TCP pass.
-- keep filter = trafficMirrorFilterId
INSERT INTO aws.ec2.traffic_mirror_filters(Description) VALUES ('incoming TCP')
  RETURNING trafficMirrorFilterId, description;
-- keep rule = trafficMirrorFilterRuleId
INSERT INTO aws.ec2.traffic_mirror_filter_rules(
    TrafficMirrorFilterId, TrafficDirection, RuleNumber, RuleAction, Protocol, DestinationCidrBlock, SourceCidrBlock)
  VALUES ('${filter}', 'ingress', 100, 'accept', 6, '0.0.0.0/0', '0.0.0.0/0')
  RETURNING trafficMirrorFilterRuleId, trafficDirection, ruleNumber, ruleAction;
-- The target is the interface of the collector.
-- keep target = trafficMirrorTargetId
INSERT INTO aws.ec2.traffic_mirror_targets(NetworkInterfaceId, Description) VALUES ('${sink}', 'collector')
  RETURNING trafficMirrorTargetId, networkInterfaceId, type;

-- 4. The session. This one fails on purpose, for session numbers end at 32766: the API's own words say why.
-- fails
INSERT INTO aws.ec2.traffic_mirror_sessions(
    NetworkInterfaceId, SessionNumber, TrafficMirrorFilterId, TrafficMirrorTargetId)
  VALUES ('${source}', 40000, '${filter}', '${target}');
-- With a number that there is:
-- keep session = trafficMirrorSessionId
INSERT INTO aws.ec2.traffic_mirror_sessions(
    NetworkInterfaceId, SessionNumber, TrafficMirrorFilterId, TrafficMirrorTargetId, Description)
  VALUES ('${source}', 1, '${filter}', '${target}', 'first look')
  RETURNING trafficMirrorSessionId, sessionNumber;

-- 5. Queries. Columns go by any spelling, and `region` is one of them; '*' asks in all regions at once.
SELECT region, traffic_mirror_session_id, sessionNumber, description
  FROM aws.ec2.traffic_mirror_sessions WHERE region = '*';
-- Who is watched by whom, and what passes: five tables, one statement.
SELECT s.sessionNumber, watched.description AS watched, watched.privateIpAddress AS address,
    watcher.description AS watcher, f.description AS filter, r.ruleAction
  FROM aws.ec2.traffic_mirror_sessions s
  JOIN aws.ec2.network_interfaces watched ON watched.networkInterfaceId = s.networkInterfaceId
  JOIN aws.ec2.traffic_mirror_targets t ON t.trafficMirrorTargetId = s.trafficMirrorTargetId
  JOIN aws.ec2.network_interfaces watcher ON watcher.networkInterfaceId = t.networkInterfaceId
  JOIN aws.ec2.traffic_mirror_filters f ON f.trafficMirrorFilterId = s.trafficMirrorFilterId
  JOIN aws.ec2.traffic_mirror_filter_rules r ON r.trafficMirrorFilterId = s.trafficMirrorFilterId;
-- Interfaces that nothing mirrors:
SELECT i.networkInterfaceId, i.description FROM aws.ec2.network_interfaces i
  LEFT JOIN aws.ec2.traffic_mirror_sessions s ON s.networkInterfaceId = i.networkInterfaceId
  WHERE s.trafficMirrorSessionId IS NULL;
-- EXPLAIN shows the request that a statement would send, and sends none. The condition travels as a filter.
EXPLAIN SELECT description FROM aws.ec2.traffic_mirror_sessions WHERE sessionNumber = 1;

-- 6. Changes. Modify is a method of the resource, and EXEC calls it.
EXEC aws.ec2.traffic_mirror_sessions.traffic_mirror_session_Modify
  @TrafficMirrorSessionId = '${session}', @SessionNumber = 7, @Description = 'second look';
SELECT sessionNumber, description FROM aws.ec2.traffic_mirror_sessions
  WHERE trafficMirrorSessionId = '${session}';

-- 7. Away with it all, last things first.
DELETE FROM aws.ec2.traffic_mirror_sessions WHERE TrafficMirrorSessionId = '${session}';
DELETE FROM aws.ec2.traffic_mirror_targets WHERE TrafficMirrorTargetId = '${target}';
DELETE FROM aws.ec2.traffic_mirror_filter_rules WHERE TrafficMirrorFilterRuleId = '${rule}';
DELETE FROM aws.ec2.traffic_mirror_filters WHERE TrafficMirrorFilterId = '${filter}';
DELETE FROM aws.ec2.network_interfaces WHERE NetworkInterfaceId = '${source}';
DELETE FROM aws.ec2.network_interfaces WHERE NetworkInterfaceId = '${sink}';
DELETE FROM aws.ec2.subnets WHERE SubnetId = '${subnet}';
DELETE FROM aws.ec2.vpcs WHERE VpcId = '${vpc}';
-- Nothing is left.
SELECT (SELECT count(*) FROM aws.ec2.traffic_mirror_sessions) AS sessions,
  (SELECT count(*) FROM aws.ec2.traffic_mirror_targets) AS targets,
  (SELECT count(*) FROM aws.ec2.traffic_mirror_filters) AS filters,
  (SELECT count(*) FROM aws.ec2.network_interfaces) AS interfaces,
  (SELECT count(*) FROM aws.ec2.vpcs) AS vpcs;
-- Every call was noted; the note is a table, too.
SELECT method, count(*) AS calls, count(*) FILTER (WHERE status >= 400) AS refused FROM system.calls
  WHERE resource = 'ec2.traffic_mirror_sessions' GROUP BY method ORDER BY method;
