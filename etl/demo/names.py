"""What is it called? Invented names of places, people and cases; none is a real place or person."""

from __future__ import annotations

from itertools import pairwise, product

import numpy as np

COUNTY = "青禾县"
COUNTY_CODE = "990108"

STREET_NAMES = ("文昌街道", "迎禾街道", "东望街道")
MARKET_TOWN_NAMES = ("谷丰镇", "松岭镇", "石渡镇", "清浦镇", "望岳镇", "古槐镇")
RURAL_TOWN_NAMES = ("杏坪乡", "梨沟乡", "青石梁乡", "云台岭乡")


def _words(text: str) -> list[str]:
    return text.split()


_COMMUNITY_FIRST = _words(
    "迎春 育才 新禾 锦绣 和顺 安康 朝阳里 金穗 明德 兴业 永泰 梧桐 丹桂 翠屏 新苑 康宁 学府 河畔 站前 北辰"
)
_COMMUNITY_SECOND = _words(
    "红旗 富强 怡园 建安 双塔 西关里 东苑 南湖 吉祥 长乐 泰和 书院 紫薇 银杏 广场 纺织 机械厂 果品 龙湾 鼓楼"
)
_COMMUNITY_THIRD = _words(
    "平安里 光明 团结 友谊 和平 胜利 春晖 秋实 丰泽 德馨 望湖 临河 松竹 映山 静安里 同心 百合"
    " 桃李 新风 景明 云锦 西岭 北苑 东桥"
)
_VILLAGE_HEAD = _words("上 下 前 后 东 西 南 北 大 小 老 新")
_VILLAGE_BODY = _words(
    "柳树 槐树 杨家 石桥 杏花 枣林 白草 黄土 青石 栗子 沙河 泉水 磨盘 寨子 官道 柏树 桃园 芦苇 马鞍 麦地"
)
_VILLAGE_TAIL = _words("沟 湾 坪 岭 庄 洼 峪 坡 滩 塬")

_SURNAMES = "赵钱孙李周吴郑王冯陈褚卫蒋沈韩杨朱秦尤许何吕施张孔曹严华金魏"
_GIVEN = "安平和顺明德文武成功志远春秋海山林森晓晨雨雪芳兰桂英玉珍建国红梅永强立新秀丽"

DEPARTMENTS: tuple[tuple[str, str, str, str, str], ...] = (
    ("D01", "县公安局", "law", "1", "公安"),
    ("D02", "县法院", "law", "1", "法院"),
    ("D03", "县检察院", "law", "1", "检察院"),
    ("D04", "县司法局", "law", "1", "司法"),
    ("D05", "县信访局", "administration", "1", "信访"),
    ("D06", "县人社局", "administration", "1", "人社"),
    ("D07", "县民政局", "administration", "1", "民政"),
    ("D08", "县住建局", "administration", "2", "住建"),
    ("D09", "县自然资源局", "administration", "2", "自然资源"),
    ("D10", "县农业农村局", "administration", "2", "农业农村"),
    ("D11", "县卫健局", "administration", "2", "卫健"),
    ("D12", "县市场监管局", "administration", "2", "市场监管"),
    ("D13", "县教育局", "administration", "2", "教育"),
    ("D14", "县应急局", "administration", "2", "应急"),
    ("D15", "县妇联", "mass", "2", "妇联"),
    ("D16", "县总工会", "mass", "2", "工会"),
    ("D17", "县生态环境局", "administration", "3", "生态环境"),
    ("D18", "县交通局", "administration", "3", "交通"),
    ("D19", "县水利局", "administration", "3", "水利"),
    ("D20", "县文旅局", "administration", "3", "文旅"),
    ("D21", "县医保局", "administration", "3", "医保"),
    ("D22", "县退役军人事务局", "administration", "3", "退役军人"),
    ("D23", "团县委", "mass", "3", "团委"),
    ("D24", "县残联", "mass", "3", "残联"),
    ("D25", "县城管局", "administration", "0", "城管"),
)
"""Code, name, class, entry mode and line of every department (entry modes: the demo set of domain.md 1.2)."""

LINE_HELPERS: dict[str, tuple[str, ...]] = {
    "司法": ("法院", "妇联", "民政", "公安", "检察院"),
    "农业农村": ("自然资源", "水利", "住建"),
    "市场监管": ("文旅", "公安", "应急"),
    "自然资源": ("农业农村", "水利", "司法"),
    "住建": ("城管", "自然资源", "市场监管"),
    "生态环境": ("水利", "城管", "农业农村"),
    "人社": ("工会", "住建", "法院", "退役军人"),
    "文旅": ("市场监管", "交通"),
    "卫健": ("医保", "司法", "残联"),
    "公安": ("交通", "应急", "司法"),
    "信访": ("民政", "教育", "医保", "残联", "退役军人", "团委", "城管", "应急"),
}
"""Lines that take some of the cases of a line, and to which a returned case goes."""

HAZARD_LINES = ("应急", "交通", "城管", "住建", "水利", "公安", "教育")
"""Lines that take a share of all hazards, whatever their category."""

SUBJECTS: dict[str, tuple[str, ...]] = {
    "01": ("夫妻感情不和", "离婚财产分割", "子女抚养", "老人赡养", "彩礼返还", "家庭成员争执"),
    "02": ("邻里噪声", "楼道堆物", "滴水漏水", "采光遮挡", "院墙通行", "家禽散养"),
    "03": ("宅基地边界", "翻建房屋", "危旧房屋", "院落出入通道", "一户多宅", "房屋漏雨"),
    "04": ("租房押金", "民间借贷", "装修合同", "定金退还", "货款结算", "农机租赁合同"),
    "05": ("沿街占道经营", "店铺租赁经营", "合伙经营", "农资质量", "养殖经营", "商铺用电"),
    "06": ("宠物伤人", "高空坠物", "施工损坏房屋", "打架受伤赔偿", "树木倒伏损坏", "水管爆裂财物受损"),
    "07": ("林地边界", "承包地流转", "机耕道占用", "灌溉用水", "山坡开荒", "土地承包费"),
    "08": ("征地补偿", "拆迁安置", "青苗补偿", "过渡费发放", "安置房交付", "附着物清点"),
    "09": ("焚烧秸秆", "油烟扰民", "污水排放", "扬尘污染", "垃圾堆放", "畜禽养殖异味"),
    "10": ("工地拖欠工资", "包工头拖欠工资", "采摘工资未结", "工程结算影响工资", "班组工资未发"),
    "11": ("劳动合同解除", "工伤赔偿", "社保缴纳", "加班工资", "试用期辞退"),
    "12": ("采摘园退票", "民宿预订", "景区停车收费", "旅行社退费", "农家乐卫生"),
    "13": ("网购退货", "直播购物", "快递丢失", "预付款退款", "社区团购质量"),
    "14": ("预付卡退费", "食品质量", "培训费退还", "健身卡退费", "家电维修", "农资假货"),
    "15": ("诊疗费用", "就医服务态度", "医疗损害", "药品价格", "出院结算"),
    "16": ("交通事故赔偿", "路口视线遮挡", "农用车占道", "电动车充电停放", "道路破损", "护栏缺失"),
    "17": ("物业收费", "电梯故障", "小区停车", "消防通道占用", "绿化养护", "供暖不热", "维修资金使用"),
    "18": ("路灯不亮", "井盖破损", "自来水停水", "流浪犬", "广场舞噪声", "补贴发放", "证明开具"),
}
"""What cases of a category are about."""

KIND_PHRASES: dict[str, tuple[str, ...]] = {
    "R": ("风险线索", "苗头预警", "风险提示"),
    "H": ("隐患", "隐患整改", "安全隐患"),
    "C": ("矛盾", "争执苗头", "矛盾排查"),
    "D": ("纠纷", "纠纷调解申请", "调解"),
    "P": ("投诉", "诉求", "问题反映", "求助", "咨询求助"),
}

SPOTS: tuple[str, ...] = tuple(
    [f"{n}组" for n in range(1, 13)]
    + [f"{n}号楼" for n in range(1, 19)]
    + _words("村口 路口 主街 市场旁 学校旁 卫生室旁 广场 河边 桥头 停车场 老街 南巷 北巷 东巷 西巷 公交站旁")
)
"""Places within a village or community that a title may name."""

COPIED_TITLES: tuple[str, ...] = (
    "日常巡查发现隐患",
    "群众反映问题",
    "环境卫生问题",
    "矛盾纠纷排查",
    "日常走访",
)
"""Titles that busy hands paste again and again."""

SUMMARIES: tuple[str, ...] = (
    "群众反映后已登记，待核实。",
    '"巡查时发现, 已拍照上传, 请尽快处理。"',
    '"当事人称""多次反映未果"", 希望到场处理。"',
    "网格员现场查看，情况属实。",
    "双方各执一词，已约定时间调解。",
    "来电反映，已告知办理流程。",
    '"涉及多户, 需部门联合处理。"',
    "",
)
"""Case summaries as CSV text: some need quotes, as commas and quotes do occur in such files."""

STEP_NOTES: dict[str, tuple[str, ...]] = {
    "report": ("网格员上报", "平台接收", ""),
    "accept": ("符合受理条件",),
    "reject": ("不属于受理范围，已告知",),
    "dispatch": ("请按时限办理", "请主动联系当事人", ""),
    "return": ("不属本单位职责", "请改派", "管辖有误"),
    "extension_request": ("情况复杂，申请延期", "需现场勘查"),
    "extension": ("同意",),
    "suspend": ("等待鉴定结果", "当事人外出"),
    "feedback": ("已办理，见附件", '"已到现场, 问题已解决"'),
    "callback": ("电话回访", "上门回访", ""),
    "reopen": ("群众反映问题反复", "回访不满意"),
    "supervise": ("请加快办理", "限期反馈"),
}
"""Remarks on steps as CSV text, by action."""


def community_names(rng: np.random.Generator) -> list[str]:
    """Names of urban communities, all different, in a random order."""
    names = [f"{name}社区" for name in [*_COMMUNITY_FIRST, *_COMMUNITY_SECOND, *_COMMUNITY_THIRD]]
    return [names[i] for i in rng.permutation(len(names))]


def village_names(rng: np.random.Generator) -> list[str]:
    """Names of villages, all different, in a random order: plain ones first, paired ones after."""
    plain = [f"{body}{tail}村" for body, tail in product(_VILLAGE_BODY, _VILLAGE_TAIL)]
    headed = [f"{head}{body}{tail}村" for head, body, tail in product(_VILLAGE_HEAD, _VILLAGE_BODY, _VILLAGE_TAIL[:4])]
    plain = [plain[i] for i in rng.permutation(len(plain))][:90]
    headed = [headed[i] for i in rng.permutation(len(headed))][:90]
    both = plain + headed
    return [both[i] for i in rng.permutation(len(both))]


def person_names() -> list[str]:
    """Every invented personal name: a surname and two given characters (no list of real people was used)."""
    pairs = [f"{a}{b}" for a, b in pairwise(_GIVEN)]
    pairs += [f"{a}{b}" for a, b in zip(_GIVEN[:-5], _GIVEN[5:], strict=True)]
    return [f"{surname}{pair}" for surname in _SURNAMES for pair in pairs]
