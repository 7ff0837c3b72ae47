//! Tags of a region's resources. The simulated services only keep some tags, so all tags are recorded here and written
//! into responses.

use std::collections::BTreeMap;

use crate::element::Element;
use crate::form::Form;
use crate::list::own_id;
use crate::resource_kind;

/// Tags by the id of their resource.
#[derive(Debug, Default)]
pub(crate) struct Tags(BTreeMap<String, BTreeMap<String, String>>);

impl Tags {
    /// Records the tags with which the resources in a response were created.
    pub(crate) fn created(&mut self, form: &Form, answer: &mut Element) {
        for n in (1..).take_while(|n| form.get(&format!("TagSpecification.{n}.ResourceType")).is_some()) {
            let wanted = form.get(&format!("TagSpecification.{n}.ResourceType"));
            let tags = pairs(form, &format!("TagSpecification.{n}.Tag"));
            answer.each(&mut |element| {
                if wanted.is_some() && resource_kind::resource_type(&element.text) == wanted {
                    let tags = tags.iter().map(|(key, value)| (key.clone(), value.clone().unwrap_or_default()));
                    self.0.entry(element.text.clone()).or_default().extend(tags);
                }
            });
        }
    }

    /// Performs `CreateTags`.
    pub(crate) fn create(&mut self, form: &Form) {
        for id in form.list("ResourceId") {
            let tags = pairs(form, "Tag").into_iter().map(|(key, value)| (key, value.unwrap_or_default()));
            self.0.entry(id).or_default().extend(tags);
        }
    }

    /// Performs `DeleteTags`: a tag given with a value is only deleted if it has this value; if no tags are given, all
    /// are deleted.
    pub(crate) fn delete(&mut self, form: &Form) {
        let unwanted = pairs(form, "Tag");
        for id in form.list("ResourceId") {
            let Some(tags) = self.0.get_mut(&id) else { continue };
            tags.retain(|key, value| {
                let goes = |(k, v): &(String, Option<String>)| k == key && v.as_ref().is_none_or(|v| v == value);
                !unwanted.is_empty() && !unwanted.iter().any(goes)
            });
        }
    }

    /// Removes the tags of a deleted resource.
    pub(crate) fn forget(&mut self, id: &str) {
        self.0.remove(id);
    }

    /// All tags, in the format of `DescribeTags`.
    pub(crate) fn describe_tags(&self) -> Element {
        let tags = self.0.iter().flat_map(|(id, tags)| tags.iter().map(move |(key, value)| (id, key, value)));
        let rows = tags.map(|(id, key, value)| {
            let fields = [
                Element::leaf("resourceId", id.as_str()),
                Element::leaf("resourceType", resource_kind::resource_type(id).unwrap_or_default()),
                Element::leaf("key", key.as_str()),
                Element::leaf("value", value.as_str()),
            ];
            Element::with_children("item", fields)
        });
        Element::with_children("DescribeTagsResponse", [Element::with_children("tagSet", rows)])
    }

    /// Writes the tags of all resources into a response.
    pub(crate) fn write(&self, answer: &mut Element) {
        answer.each(&mut |container| {
            let name = container.name.clone();
            if container.children.iter().all(|c| c.name == "item") {
                container.children.iter_mut().for_each(|row| self.write_row(&name, row));
            } else {
                self.write_row(&name, container);
            }
        });
    }

    fn write_row(&self, container: &str, row: &mut Element) {
        let Some(tags) = own_id(container, row).and_then(|id| self.0.get(id)) else { return };
        let item = |(key, value): (&String, &String)| {
            Element::with_children("item", [Element::leaf("key", key.as_str()), Element::leaf("value", value.as_str())])
        };
        row.put(Element::with_children("tagSet", tags.iter().map(item)));
    }
}

/// The tags in the parameters below a name; the value is optional.
fn pairs(form: &Form, name: &str) -> Vec<(String, Option<String>)> {
    let key = |n: u32| form.get(&format!("{name}.{n}.Key")).map(str::to_owned);
    let value = |n: u32| form.get(&format!("{name}.{n}.Value")).map(str::to_owned);
    (1..).map_while(|n| Some((key(n)?, value(n)))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(tags: &Tags) -> String {
        let xml = "<r><vpcSet><item><vpcId>vpc-1</vpcId><tagSet><item/></tagSet></item></vpcSet><subnet><vpcId>vpc-1</vpcId></subnet></r>";
        let mut answer = Element::parse(xml).unwrap();
        tags.write(&mut answer);
        answer.xml()
    }

    #[test]
    fn tags_live_as_long_as_their_resource() {
        let mut tags = Tags::default();
        let form =
            "TagSpecification.1.ResourceType=vpc&TagSpecification.1.Tag.1.Key=a&TagSpecification.1.Tag.1.Value=b";
        let mut answer = Element::parse("<r><vpc><vpcId>vpc-1</vpcId><subnetId>subnet-1</subnetId></vpc></r>").unwrap();
        tags.created(&Form::read([form]), &mut answer);
        tags.create(&Form::read(["ResourceId.1=vpc-1&Tag.1.Key=c&Tag.2.Key=d&Tag.2.Value=e"]));
        tags.delete(&Form::read(["ResourceId.1=vpc-1&Tag.1.Key=a&Tag.1.Value=other&Tag.2.Key=d"]));
        let item = |key, value: &str| format!("<item><key>{key}</key>{value}</item>");
        let set = format!("<tagSet>{}{}</tagSet>", item("a", "<value>b</value>"), item("c", "<value/>"));
        let row = format!("<vpcSet><item><vpcId>vpc-1</vpcId>{set}</item></vpcSet>");
        assert_eq!(written(&tags), format!("<r>{row}<subnet><vpcId>vpc-1</vpcId></subnet></r>"));
        assert!(tags.describe_tags().xml().contains("<resourceType>vpc</resourceType><key>a</key>"));
        tags.delete(&Form::read(["ResourceId.1=vpc-1"]));
        assert!(written(&tags).contains("<tagSet/>"));
        tags.forget("vpc-1");
        assert!(written(&tags).contains("<tagSet><item/></tagSet>"));
    }
}
