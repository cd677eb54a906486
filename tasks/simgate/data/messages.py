"""Messages: a sample as ROS 2 messages (Humble and later); frames odom → base_link → camera_optical."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rosbags.typesys import Stores, get_typestore

from simgate.data.record import EncodedSample
from simgate.data.sample import Camera, Command, Episode, Imu, Odometry, Sample, Wheels

IMAGE = "/camera/image/compressed"
CAMERA_INFO = "/camera/camera_info"
IMU = "/imu"
ODOMETRY = "/odom"
JOINT_STATES = "/joint_states"
COMMAND = "/expert/cmd_vel"
GOAL = "/expert/goal_pose"
TRANSFORMS = "/tf"
STATIC_TRANSFORMS = "/tf_static"
PATH = "/expert/plan"

TOPICS: dict[str, str] = {
    IMAGE: "sensor_msgs/msg/CompressedImage",
    CAMERA_INFO: "sensor_msgs/msg/CameraInfo",
    IMU: "sensor_msgs/msg/Imu",
    ODOMETRY: "nav_msgs/msg/Odometry",
    JOINT_STATES: "sensor_msgs/msg/JointState",
    COMMAND: "geometry_msgs/msg/TwistStamped",
    GOAL: "geometry_msgs/msg/PoseStamped",
    TRANSFORMS: "tf2_msgs/msg/TFMessage",
    PATH: "nav_msgs/msg/Path",
    STATIC_TRANSFORMS: "tf2_msgs/msg/TFMessage",
}
"""Type of each topic of a bag, in the order of one frame's messages; path and static transforms come once, first.

No name is one that a live Nav2 listens to: a bag that is played beside a robot does not drive it.
"""

TYPES = get_typestore(Stores.ROS2_HUMBLE)
_ROS = TYPES.types
_COVARIANCE_6 = np.zeros(36)
_COVARIANCE_3 = np.zeros(9)
_UNKNOWN_3 = np.array([-1.0, *[0.0] * 8])
"""sensor_msgs/Imu: −1 in the first element says that the reading is not given."""


def path_message(episode: Episode, stamp_ns: int) -> Any:
    """Return the expert's planned path as nav_msgs/Path in odom."""
    poses = [_pose_stamped(x_m, y_m, stamp_ns) for x_m, y_m in episode.path]
    return _ROS["nav_msgs/msg/Path"](header=_header(stamp_ns, "odom"), poses=poses)


def frame_messages(encoded: EncodedSample, stamp_ns: int) -> Iterator[tuple[str, Any]]:
    """(topic, message) of one sample; the picture's bytes are those of the shard."""
    sample = encoded.sample
    data = np.frombuffer(encoded.rgb_png, dtype=np.uint8)
    header = _header(stamp_ns, "camera_optical")
    yield IMAGE, _ROS["sensor_msgs/msg/CompressedImage"](header=header, format="png", data=data)
    yield CAMERA_INFO, _camera_info(sample, stamp_ns)
    yield ODOMETRY, _odometry(sample.odometry, stamp_ns)
    if sample.wheels is not None:
        yield JOINT_STATES, _joint_state(sample.wheels, stamp_ns)
    command = sample.command
    twist = _twist(command)
    yield COMMAND, _ROS["geometry_msgs/msg/TwistStamped"](header=_header(stamp_ns, "base_link"), twist=twist)
    yield GOAL, _pose_stamped(sample.goal.x_m, sample.goal.y_m, stamp_ns)
    yield TRANSFORMS, _transforms(sample.odometry, stamp_ns)


def _header(stamp_ns: int, frame: str) -> Any:
    stamp = _ROS["builtin_interfaces/msg/Time"](sec=stamp_ns // 10**9, nanosec=stamp_ns % 10**9)
    return _ROS["std_msgs/msg/Header"](stamp=stamp, frame_id=frame)


def _vector(x: float, y: float, z: float) -> Any:
    return _ROS["geometry_msgs/msg/Vector3"](x=float(x), y=float(y), z=float(z))


def _quaternion(rotation: NDArray[np.float64]) -> Any:
    x, y, z, w = quaternion_of(rotation)
    return _ROS["geometry_msgs/msg/Quaternion"](x=x, y=y, z=z, w=w)


def _pose(x_m: float, y_m: float, yaw_rad: float) -> Any:
    position = _ROS["geometry_msgs/msg/Point"](x=float(x_m), y=float(y_m), z=0.0)
    return _ROS["geometry_msgs/msg/Pose"](position=position, orientation=_quaternion(base_pose(0, 0, yaw_rad)[:3, :3]))


def _pose_stamped(x_m: float, y_m: float, stamp_ns: int) -> Any:
    return _ROS["geometry_msgs/msg/PoseStamped"](header=_header(stamp_ns, "odom"), pose=_pose(x_m, y_m, 0.0))


def _twist(motion: Command | Odometry) -> Any:
    linear, angular = _vector(motion.speed_m_s, motion.lateral_speed_m_s, 0), _vector(0, 0, motion.yaw_rate_rad_s)
    return _ROS["geometry_msgs/msg/Twist"](linear=linear, angular=angular)


def _odometry(odometry: Odometry, stamp_ns: int) -> Any:
    pose = _pose(odometry.x_m, odometry.y_m, odometry.yaw_rad)
    twist = _twist(odometry)
    return _ROS["nav_msgs/msg/Odometry"](
        header=_header(stamp_ns, "odom"),
        child_frame_id="base_link",
        pose=_ROS["geometry_msgs/msg/PoseWithCovariance"](pose=pose, covariance=_COVARIANCE_6),
        twist=_ROS["geometry_msgs/msg/TwistWithCovariance"](twist=twist, covariance=_COVARIANCE_6),
    )


def imu_message(reading: Imu, stamp_ns: int) -> Any:
    """Return one reading as sensor_msgs/Imu in base_link; it gives no orientation."""
    return _ROS["sensor_msgs/msg/Imu"](
        header=_header(stamp_ns, "base_link"),
        orientation=_quaternion(np.eye(3)),
        orientation_covariance=_UNKNOWN_3,
        angular_velocity=_vector(*reading.angular_velocity_rad_s),
        angular_velocity_covariance=_COVARIANCE_3,
        linear_acceleration=_vector(*reading.linear_acceleration_m_s2),
        linear_acceleration_covariance=_COVARIANCE_3,
    )


def _joint_state(wheels: Wheels, stamp_ns: int) -> Any:
    return _ROS["sensor_msgs/msg/JointState"](
        header=_header(stamp_ns, ""),
        name=["left_wheel_joint", "right_wheel_joint"],
        position=np.array([wheels.left_rad, wheels.right_rad]),
        velocity=np.array([wheels.left_rad_s, wheels.right_rad_s]),
        effort=np.zeros(0),
    )


def _camera_info(sample: Sample, stamp_ns: int) -> Any:
    camera: Camera = sample.camera
    # Ours counts pixels from the picture's corner; ROS and OpenCV count from the first pixel's centre.
    cx_px, cy_px = camera.cx_px - 0.5, camera.cy_px - 0.5
    k = np.array([camera.fx_px, 0, cx_px, 0, camera.fy_px, cy_px, 0, 0, 1], dtype=np.float64)
    region = _ROS["sensor_msgs/msg/RegionOfInterest"](x_offset=0, y_offset=0, height=0, width=0, do_rectify=False)
    return _ROS["sensor_msgs/msg/CameraInfo"](
        header=_header(stamp_ns, "camera_optical"),
        height=sample.rgb.shape[0],
        width=sample.rgb.shape[1],
        distortion_model="plumb_bob",
        d=np.zeros(5),
        k=k,
        r=np.eye(3).reshape(9),
        p=np.insert(k, [3, 6, 9], 0.0),
        binning_x=0,
        binning_y=0,
        roi=region,
    )


def static_transforms(sample: Sample, stamp_ns: int) -> Any:
    """base_link → camera_optical as tf2_msgs/TFMessage: where the camera sits on the robot, fixed over an episode."""
    odometry = sample.odometry
    base = base_pose(odometry.x_m, odometry.y_m, odometry.yaw_rad)
    camera = np.linalg.inv(base) @ sample.camera.world_from_camera
    return _ROS["tf2_msgs/msg/TFMessage"](transforms=[_transform(camera, "base_link", "camera_optical", stamp_ns)])


def _transforms(odometry: Odometry, stamp_ns: int) -> Any:
    base = base_pose(odometry.x_m, odometry.y_m, odometry.yaw_rad)
    return _ROS["tf2_msgs/msg/TFMessage"](transforms=[_transform(base, "odom", "base_link", stamp_ns)])


def _transform(matrix: NDArray[np.float64], parent: str, child: str, stamp_ns: int) -> Any:
    transform = _ROS["geometry_msgs/msg/Transform"](
        translation=_vector(*matrix[:3, 3]), rotation=_quaternion(matrix[:3, :3])
    )
    return _ROS["geometry_msgs/msg/TransformStamped"](
        header=_header(stamp_ns, parent), child_frame_id=child, transform=transform
    )


def base_pose(x_m: float, y_m: float, yaw_rad: float) -> NDArray[np.float64]:
    """Return 4 × 4 pose of base_link in the world: a turn about z and a shift on the floor."""
    cosine, sine = np.cos(yaw_rad), np.sin(yaw_rad)
    return np.array([[cosine, -sine, 0, x_m], [sine, cosine, 0, y_m], [0, 0, 1, 0], [0, 0, 0, 1]], dtype=np.float64)


def quaternion_of(rotation: NDArray[np.float64]) -> tuple[float, float, float, float]:
    """(x, y, z, w) of a rotation matrix, from its largest component (Shepperd 1978), w ≥ 0."""
    m = rotation
    trace = m[0, 0] + m[1, 1] + m[2, 2]
    candidates = np.array([m[0, 0], m[1, 1], m[2, 2], trace])
    i = int(np.argmax(candidates))
    if i == 3:
        q = np.array([m[2, 1] - m[1, 2], m[0, 2] - m[2, 0], m[1, 0] - m[0, 1], 1 + trace])
    else:
        j, k = (i + 1) % 3, (i + 2) % 3
        q = np.empty(4)
        q[i] = 1 + 2 * m[i, i] - trace
        q[j] = m[j, i] + m[i, j]
        q[k] = m[k, i] + m[i, k]
        q[3] = m[k, j] - m[j, k]
    q = q / np.sqrt(q @ q) * (1.0 if q[3] >= 0 else -1.0)
    return float(q[0]), float(q[1]), float(q[2]), float(q[3])
